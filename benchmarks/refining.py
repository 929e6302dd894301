"""What more starts and features of D would bring to ``gancli encode --refine``.

python benchmarks/refining.py RUN digits/test [--steps N]

Prints the mean distance of reconstructions, and how many keep their class: of the descent from E(x) on the squared
error of pixels, as the command does it, and with a term for the features of D's last hidden layer, whose squared error
is brought to the size of that of pixels; each also as the best of four starts, three of them draws of the prior.
"""

import argparse
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from timing import print_machine

from gancli.cli.console import TerminalReporter
from gancli.compute.programs import keep_compiled_programs
from gancli.evaluation.classes import classes_seen
from gancli.games.inversion import REFINING_RATE, onto_support
from gancli.games.pair import Pair
from gancli.imaging.pixels import to_unit
from gancli.runs.trained import Trained
from gancli.sampling.draws import draw_latents, generate
from gancli.workflows.inference import Inverse, distances, read_for

DRAWS = 3  # starts beside E(x)
WEIGHTS = (0.0, 0.1, 1.0)  # of features


@partial(jax.jit, static_argnames=("pair", "steps", "weight"))
def descend(pair: Any, networks: Any, latents: jax.Array, x: jax.Array, steps: int, weight: float) -> jax.Array:
    """Return latents ``[N, Z]`` after Adam on the squared error of pixels and, weighted, of features."""
    draws, scores = pair
    generator, discriminator, standing = networks
    optimizer = optax.adam(optax.cosine_decay_schedule(REFINING_RATE, steps))
    project = onto_support(draws.player.config.prior)

    def features(x: jax.Array) -> jax.Array:
        return scores.score(discriminator, x).features.reshape(len(x), -1)

    wanted = features(x)
    scale = jnp.sum(x.reshape(len(x), -1) ** 2, axis=1) / jnp.sum(wanted**2, axis=1)

    def error(z: jax.Array) -> jax.Array:
        samples = draws.generate(generator, z, standing)
        pixels = jnp.sum((samples - x).reshape(len(x), -1) ** 2, axis=1)
        return jnp.sum(pixels + weight * scale * jnp.sum((features(samples) - wanted) ** 2, axis=1))

    def step(_: jax.Array, carry: Any) -> Any:
        z, state = carry
        updates, state = optimizer.update(jax.grad(error)(z), state)
        return project(z + updates), state

    return jax.lax.fori_loop(0, steps, step, (latents, optimizer.init(latents)))[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("images")
    parser.add_argument("--steps", type=int, default=200)
    options = parser.parse_args()
    keep_compiled_programs()
    reporter = TerminalReporter(quiet=True)
    trained = Trained.load(options.run, step="latest", ema=True)
    dataset = trained.game.config.dataset
    images = read_for(trained, options.images, None, reporter).pixels
    x, seen = trained.domain.to_model(to_unit(images)), classes_seen(dataset, to_unit(images))
    starts = [Inverse.of(trained, None, reporter).encode(images).latents]
    starts += [draw_latents(trained.pair.draws, len(images), seed) for seed in range(DRAWS)]
    pair: Pair = trained.pair
    networks = pair.generator, pair.discriminator, pair.draws.standing(pair.generator)

    def told(latents: np.ndarray) -> str:
        drawn = generate(pair, latents).clip(0, 1)
        kept = np.mean(classes_seen(dataset, drawn) == seen)
        return f"distance {distances(images, drawn).mean():.3f}, class kept {kept:.1%}"

    print_machine()
    for weight in WEIGHTS:
        found = [
            np.asarray(descend((pair.draws, pair.scores), networks, jnp.asarray(one), x, options.steps, weight))
            for one in starts
        ]
        apart = np.stack([distances(images, generate(pair, one).clip(0, 1)) for one in found])
        best = np.stack(found)[apart.argmin(axis=0), np.arange(len(images))]
        print(f"features times {weight:g}, from E(x): {told(found[0])}; best of {len(starts)}: {told(best)}")


if __name__ == "__main__":
    main()
