"""Single steps of a run, from one of its checkpoints on: how far each layer of D moves, and what that does.

    gancli train ./faces --base-channels 32 --log-every 10 --keep 20 --checkpoint-every 500 --outdir runs/faces
    python benchmarks/single_steps.py runs/faces --from 3500 --show 3970-3990

The steps are those of the run, bit for bit: the same program, which is asked for one step at a time. For each step that
is shown, a line has the loss, the length of D's gradient, and its outputs on 64 images before and after. A line for a
layer has the length of its update over that of its weights, how the outputs move when this layer alone is updated (mean
and deviation over the images), and the root of the mean squared update, in learning rates.
"""

import argparse
import os
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gancli.compute.mesh import DeviceMesh
from gancli.data.load import load_for
from gancli.games.pair import DISCRIMINATOR
from gancli.runs.folder import Run
from gancli.training.chunk import compile_chunk
from gancli.training.domain import Batch
from gancli.training.game import layout
from gancli.training.loop import run_steps
from gancli.training.state import join_state, split_state

jax.config.update("jax_num_cpu_devices", os.cpu_count())  # as the command does

IMAGES = 64  # of the training set, on which outputs are compared


def show_layers(before: Any, after: Any, outputs: Any, rate: float) -> None:
    """Print a line for each layer of the discriminator: its update, and what it alone does to the outputs."""
    base = outputs(before)
    updated = jax.tree.leaves(after)
    for place, (path, old) in enumerate(jax.tree_util.tree_leaves_with_path(before)):
        leaves = jax.tree.leaves(before)
        new = leaves[place] = updated[place]
        shift = outputs(jax.tree.unflatten(jax.tree.structure(before), leaves)) - base
        share = np.linalg.norm(new - old) / max(float(np.linalg.norm(old)), 1e-12)
        print(
            f"    {jax.tree_util.keystr(path):28} {share:8.4f} of its weights  outputs {shift.mean():+6.2f} ± "
            f"{shift.std():.2f}  {np.sqrt(np.mean((new - old) ** 2)) / rate:5.2f} rates"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--from", dest="start", type=int, required=True, help="step of a checkpoint")
    parser.add_argument("--show", required=True, metavar="FIRST-LAST", help="steps")
    options = parser.parse_args()
    first, last = map(int, options.show.split("-"))

    run = Run.open(options.run)
    game: Any = run.record.game()
    dataset = load_for(game.config, "train", None, None)
    with run.checkpoints() as checkpoints:
        names = tuple(jax.eval_shape(split_state, layout(game)))
        state = join_state(checkpoints.restore(game, names, options.start))
    everywhere = DeviceMesh(game.config.devices).each()
    (domain,) = game.domains
    data = jax.device_put({domain.name: Batch(dataset.examples, dataset.labels)}, everywhere)
    chunk = compile_chunk(game, state, data)
    state = jax.device_put(state, everywhere)
    real = domain.to_model(jnp.asarray(dataset.examples[:IMAGES]))
    discriminate = jax.jit(lambda params: game.scores.discriminate(params, real))

    def outputs(params: Any) -> np.ndarray:
        return np.asarray(discriminate(params))

    def weights() -> Any:
        return jax.tree.map(np.asarray, state.params[DISCRIMINATOR])

    for step in range(options.start, last):
        before = weights()
        state, report = run_steps(game, chunk, state, data, step, step + 1)
        if step + 1 < first:
            continue
        after = weights()
        told = {name: float(values[0]) for name, values in report.items()}
        seen = [f"{one.mean():+.2f} ± {one.std():.2f}" for one in (outputs(before), outputs(after))]
        print(
            f"step {step + 1}  loss D {told['discriminator_loss']:.3f}  length of D's gradient "
            f"{told['discriminator_gradient_norm']:.1f}  outputs {seen[0]} to {seen[1]}"
        )
        show_layers(before, after, outputs, game.config.discriminator_learning_rate)


if __name__ == "__main__":
    main()
