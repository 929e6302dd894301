"""A player: a network, how it descends, what holds its weights, and whether they are averaged."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import nnx

from gancli.config import TrainConfig
from gancli.training.catalog import OPTIMIZERS, Pace
from gancli.training.constraints import clip, limit_columns, limit_rho, spectrally_normalized, turned, with_directions
from gancli.training.optimizers import near_history, optimistic
from gancli.training.spikes import guard
from gancli.training.state import Params


@dataclass(frozen=True)
class Player:
    """What does not move of a player: hashable, so that compiled steps can be keyed by it."""

    name: str
    graph: nnx.GraphDef
    config: TrainConfig
    learning_rate: float
    pace: Pace
    averaged: bool = False
    bounds: tuple[str, ...] = ()  # on weights: "clip", "spectral-norm", "rho"
    optimistic: bool = False  # whether its optimizer looks ahead by its last update
    looks_back: bool = False  # whether it has slow weights, to which it returns

    def start(self, network: nnx.Module) -> Params:
        """Return the parameters of a network that has just been built."""
        params = nnx.to_pure_dict(nnx.state(network, nnx.Param))
        return with_directions(params) if "spectral-norm" in self.bounds else params

    def network(self, params: Params, dtype: Any = jnp.float32) -> nnx.Module:
        """Return the network with these weights in ``dtype``; spectral normalization comes before, in float32."""
        if "spectral-norm" in self.bounds:
            params = spectrally_normalized(params)
        return nnx.merge(self.graph, cast(params, dtype))

    @property
    def optimizer(self) -> optax.GradientTransformation:
        """The optimizer, behind the guard against spikes where that is on."""
        optimizer = OPTIMIZERS[self.config.optimizer](self.learning_rate, self.config, self.pace)
        if self.optimistic:
            optimizer = optimistic(optimizer)
        if self.config.historical_weight:
            optimizer = optax.chain(near_history(self.config.historical_weight), optimizer)
        answer = self.config.on_spike
        return optimizer if answer == "ignore" else optax.chain(guard(acts=answer == "cut"), optimizer)

    def descend(
        self, params: Params, state: optax.OptState, gradients: Params, norm: jax.Array
    ) -> tuple[Params, optax.OptState]:
        """Apply gradients, unless ``norm``, of all that were taken at these weights, is not finite; keep the bounds.

        The norm depends on every use of the weights, and the new weights on the norm: so the compiler can write them in
        place, where it would otherwise copy all weights at every step for fear of a late reader.
        """
        gradients = jax.tree.map(lambda gradient: jnp.where(jnp.isfinite(norm), gradient, 0.0), gradients)
        updates, state = self.optimizer.update(gradients, state, params)
        params = optax.apply_updates(params, updates)
        if self.config.max_column_norm:
            params = limit_columns(params, self.config.max_column_norm)
        if "clip" in self.bounds:
            params = clip(params, self.config.clip_limit)
        if "rho" in self.bounds:
            params = limit_rho(params)
        if "spectral-norm" in self.bounds:
            params = turned(params)
        return params, state

    def average(self, step: jax.Array, params: Params, average: Params) -> Params:
        """Move the average of the weights; early on it forgets faster, so that the first weights do not linger."""
        decay, ramp = self.config.ema_decay, self.config.ema_ramp
        now = jnp.minimum(decay, (1.0 + step) / (1.0 + ramp + step))
        return optax.incremental_update(params, average, 1.0 - now)

    def follow(self, params: Params, slow: Params) -> Params:
        """Move slow weights towards the player's by the configured share (Zhang et al. 2019, Algorithm 1)."""
        slow = optax.incremental_update(params, slow, self.config.lookahead_alpha)
        return turned(slow) if "spectral-norm" in self.bounds else slow


def cast(tree: Any, dtype: Any) -> Any:
    """Return arrays in ``dtype``."""
    return jax.tree.map(lambda leaf: leaf.astype(dtype), tree)


def gradient_norm(gradients: Params) -> jax.Array:
    """Return the Euclidean length of all gradients together; as dot products, which a CPU does in half the time."""
    return jnp.sqrt(sum(jnp.vdot(leaf, leaf) for leaf in jax.tree.leaves(gradients)))
