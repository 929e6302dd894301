"""A generator's last layer, trained beforehand as the decoder of an autoencoder (Goodfellow et al. 2014, for TFD)."""

from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import nnx

from gancli.config import TrainConfig
from gancli.errors import UsageError
from gancli.games.pair import GENERATOR
from gancli.models.layers.parts import uniform_init
from gancli.salts import DECODER
from gancli.training.catalog import Pace
from gancli.training.domain import Domain
from gancli.training.player import Player, gradient_norm
from gancli.training.state import Params, TrainState

LEARNING_RATE = 1e-3


class Autoencoder(nnx.Module):
    """Flat examples ``[B, D]`` to reconstructions ``[B, D]``, of images as logits, through sigmoid units."""

    def __init__(self, size: int, width: int, *, rngs: nnx.Rngs):
        self.encoder = nnx.Linear(size, width, kernel_init=uniform_init(None), rngs=rngs)
        self.decoder = nnx.Linear(width, size, kernel_init=uniform_init(None), rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.decoder(nnx.sigmoid(self.encoder(x)))


def check_decoder(config: TrainConfig) -> None:
    """Raise a UsageError unless the generator ends in one dense layer on sigmoid units, as an autoencoder's decoder."""
    if config.decoder_steps and config.conditional:
        raise UsageError("--decoder-steps and --conditional exclude each other: a decoder has no classes.")
    if config.decoder_steps and (
        config.model != "mlp" or not config.generator_widths or config.generator_activations[-1] != "sigmoid"
    ):
        raise UsageError(
            "--decoder-steps needs --model mlp and a generator whose last hidden layer is sigmoid "
            f"(--generator-activations ...,sigmoid), got {','.join(config.generator_activations)}."
        )


def with_trained_decoder(config: TrainConfig, domain: Domain, state: TrainState, data: jax.Array) -> TrainState:
    """Put a decoder, trained on ``data`` for the configured number of steps, in the place of G's output layer.

    The autoencoder is sigmoid units, as many as the generator's last hidden layer has, between two dense layers; it
    is trained with Adam on the reconstruction's cross-entropy (images in [0, 1]) or squared error (normalized ones).
    Afterwards the decoder is trained on with the rest of the generator.
    """
    generator = state.params[GENERATOR]
    generator = generator | {"output": _train(config, domain, generator["output"], state.key, data)}
    averages = state.averages | {
        name: jax.tree.map(jnp.copy, generator) for name in state.averages if name == GENERATOR
    }
    return state._replace(params=state.params | {GENERATOR: generator}, averages=averages)


@partial(jax.jit, static_argnames=("config", "domain"))
def _train(config: TrainConfig, domain: Domain, decoder: Params, key: jax.Array, data: jax.Array) -> Params:
    key = jax.random.fold_in(key, DECODER)
    width, size = decoder["kernel"].shape
    encoder = {"kernel": uniform_init(None)(key, (size, width), jnp.float32), "bias": jnp.zeros(width)}
    params = {"encoder": encoder, "decoder": decoder}
    plain = {"learning_rate_divisor": 1.0, "final_rate": 1.0, "final_beta2": None, "max_column_norm": 0.0}
    own = replace(config, optimizer="adam", momentum=0.9, beta2=0.999, **plain)
    graph = nnx.graphdef(nnx.eval_shape(lambda: Autoencoder(size, width, rngs=nnx.Rngs(0))))
    player = Player("autoencoder", graph, own, LEARNING_RATE, Pace(1, config.decoder_steps))

    def loss(params: Params, x: jax.Array) -> jax.Array:
        network: Any = player.network(params)
        rebuilt = network(x)
        error = optax.sigmoid_binary_cross_entropy(rebuilt, x) if domain.bounded else optax.l2_loss(rebuilt, x)
        return jnp.mean(jnp.sum(error, axis=1))

    def step(index: jax.Array, carry: tuple[Params, optax.OptState]) -> tuple[Params, optax.OptState]:
        params, state = carry
        rows = jax.random.randint(jax.random.fold_in(key, index), (config.batch_size,), 0, len(data))
        gradients = jax.grad(loss)(params, domain.to_model(data[rows]).reshape(config.batch_size, size))
        return player.descend(params, state, gradients, gradient_norm(gradients))

    params, _ = jax.lax.fori_loop(0, config.decoder_steps, step, (params, player.optimizer.init(params)))
    return params["decoder"]
