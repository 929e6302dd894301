"""A guard against spikes: a gradient far longer than its recent ones is noticed, and cut to the longest usual one."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

DECAY = 0.99  # of the running mean and variance: they span about a hundred updates
WARM_UP = 100  # updates in which nothing is cut
DEVIATIONS = 6.0  # above the mean of the logarithm
LEAST_RATIO = 4.0  # to the usual length below which nothing is a spike, however steady a game is

COUNT = "_spikes"  # how reports of it end; what ends so is a number of steps


class SpikeState(NamedTuple):
    """Of the logarithm of the gradient's length: its running mean and variance; and how often it was a spike."""

    updates: jax.Array  # int32 []
    mean: jax.Array
    variance: jax.Array
    spikes: jax.Array  # int32 []
    acts: jax.Array  # bool []; data, so that a guard that only watches is the same program: no bit tells them apart


def guard(*, acts: bool) -> optax.GradientTransformation:
    """Notice spikes, and where it ``acts``, cut them to the usual length times a tolerance.

    Lengths are compared as logarithms, since they are spread over orders of magnitude: what is more than six running
    standard deviations above the running mean, and at least four times as long, is a spike. It counts as long as the
    longest usual one: so statistics follow a game that has changed for good, and a single outlier moves them little.
    (Kumar et al. 2025, ZClip, who take lengths themselves.) Where nothing is cut, no bit of a gradient changes.
    """

    def init(params: Any) -> SpikeState:
        del params
        return SpikeState(jnp.int32(0), jnp.zeros(()), jnp.zeros(()), jnp.int32(0), jnp.bool_(acts))

    def update(updates: Any, state: Any, params: Any = None) -> tuple[Any, SpikeState]:
        del params
        # Where a gradient passes through an update, how much is cut counts as constant.
        squared = jax.lax.stop_gradient(sum(jnp.vdot(leaf, leaf) for leaf in jax.tree.leaves(updates)))
        is_length = jnp.isfinite(squared) & (squared > 0)
        found = 0.5 * jnp.log(jnp.where(is_length, squared, 1.0))
        tolerance = jnp.maximum(DEVIATIONS * jnp.sqrt(state.variance), jnp.log(LEAST_RATIO))
        excess = found - (state.mean + tolerance)
        spike = is_length & (state.updates >= WARM_UP) & (excess > 0)
        share = jnp.where(spike & state.acts, jnp.exp(-excess), 1.0)
        counted = jnp.where(spike, found - excess, found)
        # The first updates are averaged with equal weights.
        weight = jnp.maximum(1 - DECAY, 1 / (1.0 + state.updates))
        difference = counted - state.mean
        mean = state.mean + weight * difference
        variance = (1 - weight) * (state.variance + weight * difference**2)
        moved = SpikeState(state.updates + 1, mean, variance, state.spikes + spike, state.acts)
        # A gradient of no length tells nothing.
        state = jax.tree.map(lambda one, other: jnp.where(is_length, one, other), moved, state)
        return jax.tree.map(lambda gradient: gradient * share, updates), state

    return optax.GradientTransformation(init, update)


def spikes(state: optax.OptState) -> jax.Array:
    """Return how many gradients were spikes so far, int32 ``[]``, by the state of an optimizer behind this guard."""
    guarded: Any = state
    return guarded[0].spikes
