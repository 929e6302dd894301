"""A generator's last layer, trained beforehand as the decoder of an autoencoder (Goodfellow et al. 2014, for TFD)."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import nnx

from gancli.errors import UsageError
from gancli.games.pair import GAN, GANState
from gancli.models.layers.parts import uniform_init

LEARNING_RATE = 1e-3
DECODER = 2**32 - 2  # sets this key apart from those of the steps, of which none has this number


def check_decoder(gan: GAN) -> None:
    """Raise a UsageError unless the generator ends in one dense layer on sigmoid units, as an autoencoder's decoder."""
    config = gan.config
    if config.decoder_steps and config.conditional:
        raise UsageError("--decoder-steps and --conditional exclude each other: a decoder is told of no class.")
    if config.decoder_steps and (
        config.model != "mlp" or not config.generator_widths or config.generator_activations[-1] != "sigmoid"
    ):
        raise UsageError(
            "--decoder-steps needs --model mlp and a generator whose last hidden layer is sigmoid "
            f"(--generator-activations ...,sigmoid), got {','.join(config.generator_activations)}."
        )


def with_trained_decoder(gan: GAN, state: GANState, data: jax.Array) -> GANState:
    """Put a decoder, trained on ``data`` for the configured number of steps, in the place of G's output layer.

    The autoencoder is sigmoid units, as many as the generator's last hidden layer has, between two dense layers; it
    is trained with Adam on the reconstruction's cross-entropy (images in [0, 1]) or squared error (normalized ones).
    Afterwards the decoder is trained on with the rest of the generator.
    """
    output = _train(gan, state.generator["output"], state.key, data)
    generator = state.generator | {"output": output}
    return state._replace(generator=generator, ema=jax.tree.map(jnp.copy, generator))


@partial(jax.jit, static_argnames=("gan",))
def _train(gan: GAN, decoder: Any, key: jax.Array, data: jax.Array) -> Any:
    config = gan.config
    key = jax.random.fold_in(key, DECODER)
    width, size = decoder["kernel"].shape
    encoder = {"kernel": uniform_init(None)(key, (size, width), jnp.float32), "bias": jnp.zeros(width)}
    params = {"encoder": encoder, "decoder": decoder}
    optimizer = optax.adam(LEARNING_RATE)

    def loss(params: Any, x: jax.Array) -> jax.Array:
        code = nnx.sigmoid(x @ params["encoder"]["kernel"] + params["encoder"]["bias"][None])
        rebuilt = code @ params["decoder"]["kernel"] + params["decoder"]["bias"][None]
        error = optax.sigmoid_binary_cross_entropy(rebuilt, x) if gan.bounded else optax.l2_loss(rebuilt, x)
        return jnp.mean(jnp.sum(error, axis=1))

    def update(step: jax.Array, carry: tuple[Any, optax.OptState]) -> tuple[Any, optax.OptState]:
        params, state = carry
        rows = jax.random.randint(jax.random.fold_in(key, step), (config.batch_size,), 0, len(data))
        gradients = jax.grad(loss)(params, gan.to_model(data[rows]).reshape(config.batch_size, size))
        updates, state = optimizer.update(gradients, state)
        return optax.apply_updates(params, updates), state

    params, _ = jax.lax.fori_loop(0, config.decoder_steps, update, (params, optimizer.init(params)))
    return params["decoder"]
