"""An encoder for a generator that is not trained any more, and latents refined by gradient descent.

Goodfellow et al. 2014, §7: "learned approximate inference can be performed by training an auxiliary network to predict
z given x ... with the advantage that the inference net may be trained for a fixed generator net after the generator
net has finished training."
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from gancli.games.encodes import ENCODER, Encodes
from gancli.games.pair import Draws, NormStatistics, Pair
from gancli.latents.catalog import MIXTURE
from gancli.models.catalog import Architecture
from gancli.models.encoder import SUPPORTS, encoder
from gancli.reporting import Watch
from gancli.salts import ENCODER as SALT
from gancli.training.state import Params

STEPS_AT_ONCE = 100
FRESH = 2000  # samples on which an encoder is measured
REFINING_RATE = 0.05  # of latents, whose components have variance 1


@dataclass(frozen=True)
class Fit:
    """How an encoder is trained for a fixed generator."""

    steps: int = 3000
    batch_size: int = 128
    learning_rate: float = 1e-3  # at the start; it falls to 0 along half a cosine
    widths: tuple[int, ...] = (1024, 1024)  # hidden units of a dense encoder
    seed: int = 0

    @property
    def key(self) -> jax.Array:
        """The key of its random draws; steps, and the samples that it is measured on, fold their numbers in."""
        return jax.random.fold_in(jax.random.key(self.seed), SALT)


def encoder_for(draws: Draws, family: Architecture | None, fit: Fit) -> Encodes:
    """Lay out a deterministic encoder for the examples that a generator imitates, without allocating it.

    Raises:
        UsageError: the family's networks do not fit the data.
    """
    graph = nnx.graphdef(nnx.eval_shape(lambda: _network(draws, family, fit)))
    return Encodes(replace(draws.player, name=ENCODER, graph=graph), draws.domain)


def first_weights(draws: Draws, family: Architecture | None, fit: Fit) -> Params:
    """Return the weights that an encoder starts from."""
    return jax.jit(lambda: nnx.to_pure_dict(nnx.state(_network(draws, family, fit), nnx.Param)))()


def _network(draws: Draws, family: Architecture | None, fit: Fit) -> nnx.Module:
    config, domain, rngs = draws.player.config, draws.domain, nnx.Rngs(fit.key)
    return encoder(config, family, domain.shape, domain.bounded, fit.widths, rngs=rngs)


def train_encoder(pair: Pair, encodes: Encodes, encoder: Params, fit: Fit, *, watch: Watch | None = None) -> Params:
    """Return the encoder's weights after minimizing ``E ||E(G(z)) - z||² / Z`` over fresh samples, by Adam.

    Its minimum over all functions is the posterior mean ``E[z | x]`` of the generator's own distribution. Samples are
    those that anybody draws: a batch-normalized generator has its standing statistics.
    """
    standing = pair.draws.standing(pair.generator)
    state = _optimizer(fit).init(encoder)
    for start in range(0, fit.steps, STEPS_AT_ONCE):
        stop = min(start + STEPS_AT_ONCE, fit.steps)
        steps = (jnp.int32(start), jnp.int32(stop))
        encoder, state = _some_steps(pair.draws, encodes, fit, pair.generator, standing, (encoder, state), steps)
        if watch:
            watch(stop, fit.steps)
    return encoder


def explained_variance(pair: Pair, encodes: Encodes, encoder: Params, fit: Fit) -> float:
    """Return the share of the variance of z that an encoder explains, on samples that it was not trained on.

    That is ``1 - E ||E(G(z)) - z||² / E ||z - E z||²``; 1: it recovers every z, 0: it is no better than the mean.
    """
    standing = pair.draws.standing(pair.generator)
    z, found = _recovered(pair.draws, encodes, fit, pair.generator, standing, encoder)
    z, found = (np.asarray(part, np.float64) for part in (z, found))
    return float(1 - np.sum((found - z) ** 2) / np.sum((z - z.mean(axis=0)) ** 2))


def refine(
    pair: Pair,
    latents: jax.Array,
    x: jax.Array,
    steps: int,
    standing: NormStatistics,
    observed: jax.Array | None = None,
) -> jax.Array:
    """Return latents ``[B, Z]`` after so many steps of Adam on ``||G(z) - x||²``, of each the best one on its way.

    They stay where those of the prior lie. What stands beside them, codes or the component of a mixture, stays as it
    is. Nothing of one image depends on the others.

    Args:
        pair: the generator.
        latents: where they start, as :meth:`Draws.latents` draws them.
        x: the images ``[B, *shape]`` in the model's range.
        steps: of descent; the rate falls to 0 along half a cosine.
        standing: see :meth:`Draws.standing`.
        observed: masks ``[B, *shape]`` or what broadcasts to it, 0 where a pixel does not count; None: all count.
    """
    weights = jnp.ones((1,) * x.ndim) if observed is None else observed
    return _refine(pair.draws, pair.generator, latents, x, steps, standing, weights)


def onto_support(prior: str) -> Callable[[jax.Array], jax.Array]:
    """Return what brings latents ``[B, Z]`` to the nearest place where those of a prior lie, and leaves these alone."""
    most = 3**0.5
    own = {"uniform": lambda z: jnp.clip(z, -most, most), MIXTURE: SUPPORTS["gaussian"]}  # the noise of a component
    return own.get(prior) or SUPPORTS[prior]


def _optimizer(fit: Fit) -> optax.GradientTransformation:
    return optax.adam(optax.cosine_decay_schedule(fit.learning_rate, fit.steps))


@partial(jax.jit, static_argnames=("draws", "encodes", "fit"))
def _some_steps(
    draws: Draws,
    encodes: Encodes,
    fit: Fit,
    generator: Params,
    standing: NormStatistics,
    start: tuple[Params, Any],
    steps: tuple[jax.Array, jax.Array],
) -> tuple[Params, Any]:
    optimizer = _optimizer(fit)

    def step(index: jax.Array, carry: tuple[Params, Any]) -> tuple[Params, Any]:
        encoder, state = carry
        z = draws.latents(jax.random.fold_in(fit.key, index), fit.batch_size)
        x = draws.generate(generator, z, standing)
        gradients = jax.grad(lambda encoder: jnp.mean((encodes.encode(encoder, x).mean - z) ** 2))(encoder)
        updates, state = optimizer.update(gradients, state, encoder)
        return optax.apply_updates(encoder, updates), state

    return jax.lax.fori_loop(*steps, step, start)


@partial(jax.jit, static_argnames=("draws", "encodes", "fit"))
def _recovered(
    draws: Draws, encodes: Encodes, fit: Fit, generator: Params, standing: NormStatistics, encoder: Params
) -> tuple[jax.Array, jax.Array]:
    z = draws.latents(jax.random.fold_in(fit.key, fit.steps), FRESH)
    return z, encodes.encode(encoder, draws.generate(generator, z, standing)).mean


@partial(jax.jit, static_argnames=("draws", "steps"))
def _refine(
    draws: Draws,
    generator: Params,
    latents: jax.Array,
    x: jax.Array,
    steps: int,
    standing: NormStatistics,
    observed: jax.Array,
) -> jax.Array:
    optimizer = optax.adam(optax.cosine_decay_schedule(REFINING_RATE, steps))
    config = draws.player.config
    project = onto_support(config.prior)
    latents, beside = jnp.split(latents, [config.latent_size], axis=1)

    def errors(z: jax.Array) -> tuple[jax.Array, jax.Array]:
        whole = jnp.concatenate([z, beside], axis=1)
        apart = (draws.generate(generator, whole, standing) - x) * observed
        found = jnp.sum(apart.reshape(len(x), -1) ** 2, axis=1)
        return jnp.sum(found), found

    def step(_: jax.Array, carry: Any) -> Any:
        z, state, best, least = carry
        (_, found), gradient = jax.value_and_grad(errors, has_aux=True)(z)
        best = jnp.where((found < least)[:, None], z, best)
        updates, state = optimizer.update(gradient, state)
        return project(z + updates), state, best, jnp.minimum(found, least)

    start = (latents, optimizer.init(latents), latents, jnp.full(len(x), jnp.inf))
    z, _, best, least = jax.lax.fori_loop(0, steps, step, start)
    return jnp.concatenate([jnp.where((errors(z)[1] < least)[:, None], z, best), beside], axis=1)
