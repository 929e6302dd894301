"""The theory of Goodfellow et al. 2014, §3 and §4, checked on distributions whose density is known."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import expit

from gancli.compute.programs import keep_compiled_programs
from gancli.config import TrainConfig
from gancli.data.load import load
from gancli.data.synthetic import GaussianMixture, mixture
from gancli.games.adversarial import Adversarial, discriminator_gradients, generator_gradients
from gancli.games.pair import DISCRIMINATOR, GENERATOR, Pair
from gancli.losses.catalog import LOSSES
from gancli.metrics.divergence import bound, density_divergence
from gancli.metrics.health import COLLAPSE, amounts_to
from gancli.metrics.modes import count_gaussians
from gancli.recipes.resolve import resolve
from gancli.reporting import Reporter
from gancli.sampling.draws import discriminator_outputs, draw_latents, generate
from gancli.training.chunk import compile_chunk
from gancli.training.domain import Batch, Domain
from gancli.training.game import begin, update
from gancli.training.loop import train
from gancli.training.player import gradient_norm
from gancli.training.state import Params, TrainState

STEPS = 6000  # of a discriminator that is trained alone
DRAWS = 200_000  # behind Monte-Carlo values
ERRORS = 4.0  # standard errors that a Monte-Carlo value may be off
BINS = 200  # of the densities that the game's samples are counted in


@dataclass(frozen=True)
class Check:
    """A statement of the paper, what it says should be found, and what was."""

    claim: str
    setting: str
    expected: float
    measured: float
    tolerance: float
    relation: str = "="  # measured = expected, <= or >=, each within the tolerance

    @property
    def holds(self) -> bool:
        """Whether it was found."""
        above = self.measured - self.expected
        return {"=": abs(above), "<=": above, ">=": -above}[self.relation] <= self.tolerance


def gaussian(centers: object, standard_deviation: float) -> GaussianMixture:
    """Return equally likely Gaussians around ``centers`` ``[K, D]``."""
    return GaussianMixture(np.array(centers, np.float64), standard_deviation)


PAIRS = {
    "N(0, 1) and N(1, 1)": (gaussian([[0]], 1.0), gaussian([[1]], 1.0)),
    "N(0, 1) and N(0, 1/4)": (gaussian([[0]], 1.0), gaussian([[0]], 0.5)),
    "two Gaussians and one": (gaussian([[-2], [2]], 0.6), gaussian([[0]], 1.5)),
    "N(0, I) and N((1, 1), I) in the plane": (gaussian([[0, 0]], 1.0), gaussian([[1, 1]], 1.0)),
    "four Gaussians and one in the plane": (
        gaussian([[1, 1], [1, -1], [-1, 1], [-1, -1]], 0.5),
        gaussian([[0, 0]], 1.2),
    ),
}


def check_theory(reporter: Reporter, seed: int = 0) -> list[Check]:
    """Check the paper's statements one by one; about two minutes on two processor cores."""
    keep_compiled_programs()
    checks = []
    parts: tuple[Callable[[int], Iterator[Check]], ...] = (
        optimal_discriminator,
        equilibrium,
        vanishing_gradient,
        more_discriminator_steps,
        deliberate_collapse,
    )
    for part in parts:
        for check in part(seed):
            checks.append(check)
            reporter.status(f"{'holds' if check.holds else 'FAILS'}  {check.claim} ({check.setting})")
    return checks


def _discriminating(dimensions: int) -> Adversarial:
    """Lay out a discriminator for points, with an optimizer that comes to rest."""
    config = TrainConfig(
        dataset="gaussian",
        batch_size=512,
        discriminator_widths=(64, 64),
        maxout_pieces=4,
        input_dropout=0.0,
        hidden_dropout=(0.0,),
        discriminator_learning_rate=2e-3,
        learning_rate_divisor=1.001,
    )
    return Adversarial.build(config, (Domain("data", (dimensions,), False, 1, (1, config.batch_size)),))


def _outputs(game: Adversarial, discriminator: Params, x: np.ndarray) -> np.ndarray:
    """Return D's logits ``[N]``."""
    found = discriminator_outputs(Pair(game.draws, None, game.scores, discriminator), x)
    assert found is not None
    return found


def _draw(density: GaussianMixture) -> Callable[[jax.Array, int], jax.Array]:
    centers = jnp.asarray(density.centers, jnp.float32)

    def draw(key: jax.Array, count: int) -> jax.Array:
        mode_key, noise_key = jax.random.split(key)
        modes = jax.random.randint(mode_key, (count,), 0, len(centers))
        noise = jax.random.normal(noise_key, (count, centers.shape[1]))
        return centers[modes] + density.standard_deviation * noise

    return draw


def fit_discriminator(game: Adversarial, real: GaussianMixture, fake: GaussianMixture, seed: int) -> Params:
    """Train a discriminator alone, for a generator that stays as it is."""
    draw_real, draw_fake = _draw(real), _draw(fake)
    size = game.config.batch_size

    def step(index: jax.Array, state: TrainState) -> TrainState:
        keys = jax.random.split(jax.random.fold_in(jax.random.key(seed), index), 3)
        batches = draw_real(keys[0], size), draw_fake(keys[1], size)
        gradients, _ = discriminator_gradients(game, state.params[DISCRIMINATOR], *batches, keys[2])
        return update(game, state, {DISCRIMINATOR: gradients}, gradient_norm(gradients))

    start = begin(game, {domain.name: np.zeros(domain.shape) for domain in game.domains})
    return jax.jit(lambda state: jax.lax.fori_loop(0, STEPS, step, state))(start).params[DISCRIMINATOR]


def optimal_discriminator(seed: int) -> Iterator[Check]:
    """Proposition 1 and Theorem 1: D* = p_data / (p_data + p_g), and V(D*, G) = -log 4 + 2 JSD."""
    for name, (real, fake) in PAIRS.items():
        game = _discriminating(real.centers.shape[1])
        x, y = (density.sample(DRAWS, seed=seed + offset)[0] for offset, density in enumerate((real, fake)))
        jsd = density_divergence(real, fake)
        # The logit of D* is log p_data - log p_g.
        best = bound(*(real.log_density(points) - fake.log_density(points) for points in (x, y)))
        yield Check(
            "V(D*, G) = -log 4 + 2 JSD", name, 2 * jsd - math.log(4), best.value, 2 * ERRORS * best.standard_error
        )
        trained = fit_discriminator(game, real, fake, seed)
        held_out = np.concatenate([x[:10_000], y[:10_000]])
        found = expit(_outputs(game, trained, held_out))
        optimal = expit(real.log_density(held_out) - fake.log_density(held_out))
        yield Check("a trained D is D*: mean distance", name, 0.0, float(np.abs(found - optimal).mean()), 0.02)
        its = bound(*(_outputs(game, trained, points) for points in (x, y)))
        yield Check("(V + log 4) / 2 bounds JSD", name, jsd, its.bound, ERRORS * its.standard_error, "<=")


def equilibrium(seed: int) -> Iterator[Check]:
    """Theorem 1: where p_g = p_data, D = ½ everywhere and V = -log 4."""
    name, density = "N(0, 1) and itself", gaussian([[0]], 1.0)
    game = _discriminating(1)
    trained = fit_discriminator(game, density, density, seed)
    x, y = (density.sample(DRAWS, seed=seed + offset)[0] for offset in (0, 1))
    found = bound(*(_outputs(game, trained, points) for points in (x, y)))
    found_at = expit(_outputs(game, trained, x[:10_000]))
    yield Check("at p_g = p_data, D = 1/2: mean distance", name, 0.0, float(np.abs(found_at - 0.5).mean()), 0.02)
    yield Check("at p_g = p_data, V = -log 4", name, -math.log(4), found.value, 0.01)


def vanishing_gradient(seed: int) -> Iterator[Check]:
    """§3: where D is sure, log(1 - D(G(z))) is flat, and -log D(G(z)) is not."""
    real, fake = gaussian([[0]], 1.0), gaussian([[6]], 0.5)
    name = "data N(0, 1), samples N(6, 1/4)"
    game = _discriminating(1)
    trained = fit_discriminator(game, real, fake, seed)
    z = jnp.asarray(gaussian([[0]], 1.0).sample(10_000, seed=seed)[0])

    def gradient(loss: str) -> float:
        def objective(weights: jax.Array) -> jax.Array:  # G(z) = 6 + z / 2, moved by two numbers
            logits = game.scores.discriminate(trained, weights[0] + weights[1] * z)
            return LOSSES[loss].generator(logits, logits)

        return float(jnp.linalg.norm(jax.grad(objective)(jnp.array([6.0, 0.5]))))

    flat, steep = gradient("minimax"), gradient("non-saturating")
    yield Check("a sure D leaves the minimax generator no gradient", name, 0.0, flat, 0.01)
    yield Check("it leaves the non-saturating one 100 times as much, at least", name, 100.0, steep / flat, 0.0, ">=")


def more_discriminator_steps(seed: int) -> Iterator[Check]:
    """Algorithm 1: the more steps k the discriminator takes, the nearer it stays to D*."""
    errors = {k: float(np.mean([_distance_from_optimum(k, seed + run) for run in range(3)])) for k in (1, 2, 5)}
    for fewer, more in ((1, 2), (2, 5)):
        claim = f"D is no farther from D* with k = {more} than with k = {fewer}"
        yield Check(claim, "gaussian, 1 000 steps, 3 seeds", errors[fewer], errors[more], 0.0, "<=")


def _distance_from_optimum(k: int, seed: int) -> float:
    config = resolve("gaussian", None, {"k": k, "seed": seed, "num_steps": 1000})
    game, examples, mean = _play("gaussian", config)
    state = _train(game, examples, mean)
    pair = Pair.of(game, state.params)
    points = generate(pair, draw_latents(pair.draws, DRAWS, seed))[:, 0]
    density = mixture("gaussian")
    edges = np.linspace(min(-5.0, points.min()), max(5.0, points.max()), BINS + 1)
    middles = (edges[1:] + edges[:-1])[:, None] / 2
    data = np.exp(density.log_density(middles)) * np.diff(edges)
    samples = np.histogram(points, edges)[0] / len(points)
    weight = (data + samples) / 2
    optimal = np.divide(data, data + samples, out=np.full(BINS, 0.5), where=weight > 0)
    found = expit(_outputs(game, state.params[DISCRIMINATOR], middles.astype(np.float32)))
    return float((weight * np.abs(found - optimal)).sum() / weight.sum())


def _play(name: str, config: TrainConfig) -> tuple[Adversarial, np.ndarray, np.ndarray]:
    """Lay out a game on a data set of points; return it with the training examples and their mean."""
    dataset = load(name)
    domain = Domain("data", dataset.shape, False, len(dataset), (config.k, config.batch_size))
    return Adversarial.build(config, (domain,)), dataset.examples, dataset.mean()


def _train(game: Adversarial, examples: np.ndarray, mean: np.ndarray) -> TrainState:
    state = begin(game, {"data": mean})
    data = jax.device_put({"data": Batch(examples, np.zeros(len(examples), np.int32))})
    chunk = compile_chunk(game, state, data)
    for state, _ in train(game, chunk, state, data, 0):  # noqa: B007, B020 (the last state is what is wanted)
        pass
    return state


def deliberate_collapse(seed: int, rounds: int = 300, updates: int = 50) -> Iterator[Check]:
    """§6, "the Helvetica scenario": G trained too much without updating D maps many z to one x."""
    config = resolve("ring", None, {"seed": seed, "learning_rate_divisor": 1.0, "packing": 1})
    game, examples, mean = _play("ring", config)
    state = begin(game, {"data": mean})
    step = jax.jit(partial(_generator_heavy_round, game, jnp.asarray(examples), updates))
    for _ in range(rounds):
        state = step(state)
    density, pair = mixture("ring"), Pair.of(game, state.params)
    points = generate(pair, draw_latents(pair.draws, 5000, seed))
    found = count_gaussians(points, density.centers, density.standard_deviation)
    named, reason = amounts_to(found.numbers) or ("", "")
    setting = f"ring, {updates} generator updates per discriminator update: {reason}"
    yield Check("a collapsed generator is found out: verdict collapse", setting, 1.0, float(named == COLLAPSE), 0.0)


def _generator_heavy_round(game: Adversarial, data: jax.Array, updates: int, state: TrainState) -> TrainState:
    """Update D once and G many times, each time on fresh latents."""
    key = jax.random.fold_in(state.key, state.step)
    size, draws = game.config.batch_size, game.draws
    real = data[jax.random.randint(jax.random.fold_in(key, 0), (size,), 0, len(data))]
    fake = draws.generate(state.params[GENERATOR], draws.latents(jax.random.fold_in(key, 1), size))
    gradients, _ = discriminator_gradients(game, state.params[DISCRIMINATOR], real, fake, key)
    state = update(game, state, {DISCRIMINATOR: gradients}, gradient_norm(gradients))

    def step(index: jax.Array, state: TrainState) -> TrainState:
        own = jax.random.fold_in(key, 2 + index)
        latents = draws.latents(own, size)
        discriminator = state.params[DISCRIMINATOR]
        gradients, _ = generator_gradients(game, state.params[GENERATOR], discriminator, latents, real, own)
        return update(game, state, {GENERATOR: gradients}, gradient_norm(gradients))

    state = jax.lax.fori_loop(0, updates, step, state)
    return state._replace(step=state.step + 1)
