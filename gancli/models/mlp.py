"""The fully connected networks of Goodfellow et al. 2014 (§5 and their published configurations).

A generator of rectifier and sigmoid layers, a maxout discriminator with dropout, and an autoencoder that serves as
one. Samples and data have any shape ``[B, *data_shape]``: images ``(H, W, C)`` or points ``(D,)``.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from gancli.compute.remat import rematerialized
from gancli.config import TrainConfig
from gancli.errors import UsageError
from gancli.models.layers.parts import ACTIVATIONS, DiscriminatorOutput, Maxout, drop, per_layer, uniform_init

Shape = tuple[int, ...]


def start_of_output(data_mean: np.ndarray, bounded: bool) -> jax.Array:
    """Return the bias ``[D]`` with which a last layer draws the mean example; a ``bounded`` one ends in a sigmoid."""
    start = data_mean.reshape(-1).astype(np.float32)
    if bounded:
        start = np.clip(start, 1e-3, 1 - 1e-3)  # pixels that are always 0 have no finite logit
        start = np.log(start) - np.log1p(-start)
    return jnp.asarray(start)


class HiddenLayers(nnx.Module):
    """Latents ``[B, latent_size]`` to ``[B, widths[-1]]``: linear maps, each with its activation.

    Biases start at zero, those of sigmoid layers at ``sigmoid_bias``: below zero, few units are on at first.
    """

    def __init__(
        self,
        latent_size: int,
        widths: Shape,
        activations: Sequence[str] = ("relu",),
        *,
        init_range: float | None = None,
        sigmoid_bias: float = 0.0,
        rngs: nnx.Rngs,
    ):
        sizes = (latent_size, *widths)
        self.out_features = sizes[-1]
        names = per_layer(activations, len(widths), "--generator-activations")
        self.activations = tuple(ACTIVATIONS[name] for name in names)
        self.layers = nnx.List([])
        for name, inputs, outputs in zip(names, sizes, widths, strict=False):
            bias = nnx.initializers.constant(sigmoid_bias if name == "sigmoid" else 0.0)
            self.layers.append(
                nnx.Linear(inputs, outputs, kernel_init=uniform_init(init_range), bias_init=bias, rngs=rngs)
            )

    def __call__(self, z: jax.Array) -> jax.Array:
        for activation, layer in zip(self.activations, self.layers, strict=True):
            z = rematerialized(partial(_activated, activation), layer, z)
        return z


def _activated(activation: Callable[[jax.Array], jax.Array], layer: nnx.Linear, x: jax.Array) -> jax.Array:
    return activation(layer(x))


def _dropped(rate: float, place: int, layer: Maxout, x: jax.Array, key: jax.Array | None) -> jax.Array:
    return layer(drop(x, rate, key, place))


class Generator(nnx.Module):
    """Latents ``[B, latent_size]`` to samples ``[B, *data_shape]``: hidden layers, then a sigmoid or a linear one.

    With ``bounded`` the output is a sigmoid in (0, 1) whose bias starts at the logit of ``data_mean`` (the mean
    training pixel, ``data_shape``), so that the first samples look like the average image; else it is linear and the
    bias starts at ``data_mean``.
    """

    def __init__(
        self,
        hidden: HiddenLayers,
        data_shape: Shape,
        data_mean: np.ndarray,
        *,
        bounded: bool,
        init_range: float | None = None,
        rngs: nnx.Rngs,
    ):
        self.hidden = hidden
        init = uniform_init(init_range)
        self.output = nnx.Linear(hidden.out_features, math.prod(data_shape), kernel_init=init, rngs=rngs)
        self.output.bias = nnx.Param(start_of_output(data_mean, bounded))
        self.data_shape = data_shape
        self.bounded = bounded

    def __call__(self, z: jax.Array) -> jax.Array:
        x = self.output(self.hidden(z))
        x = nnx.sigmoid(x) if self.bounded else x
        return x.reshape(-1, *self.data_shape)


class MaxoutLayers(nnx.Module):
    """Data or samples ``[B, *data_shape]`` to features ``[B, widths[-1]]``: maxout layers, dropout before each.

    With a key, inputs are dropped at ``rates[0]`` and the units of each layer but the last at the next rates; without
    a key (scoring, plotting) nothing is dropped.
    """

    def __init__(
        self,
        data_shape: Shape,
        widths: Shape,
        pieces: int,
        *,
        rates: Sequence[float],
        init_range: float | None = None,
        rngs: nnx.Rngs,
    ):
        sizes = (math.prod(data_shape), *widths)
        self.layers = nnx.List(
            [Maxout(i, o, pieces, init_range, rngs=rngs) for i, o in zip(sizes, widths, strict=False)]
        )
        self.rates = tuple(rates)
        self.out_features = sizes[-1]

    def __call__(self, x: jax.Array, key: jax.Array | None = None) -> jax.Array:
        x = x.reshape(x.shape[0], -1)
        for index, (layer, rate) in enumerate(zip(self.layers, self.rates, strict=True)):
            x = rematerialized(partial(_dropped, rate, index), layer, x, key)
        return x


class Discriminator(nnx.Module):
    """Data or samples ``[B, *data_shape]`` to logits ``[B]``; high means real. Maxout layers, dropout before each.

    Inputs are dropped at ``input_dropout`` and hidden units at ``hidden_dropout``, one rate for each hidden layer or
    one for all. The features are what the logit is a linear function of.
    """

    def __init__(
        self,
        data_shape: Shape,
        widths: Shape,
        pieces: int,
        *,
        input_dropout: float,
        hidden_dropout: Sequence[float],
        init_range: float | None = None,
        rngs: nnx.Rngs,
    ):
        *rates, self.last_rate = (input_dropout, *per_layer(hidden_dropout, len(widths), "--hidden-dropout"))
        self.hidden = MaxoutLayers(data_shape, widths, pieces, rates=rates, init_range=init_range, rngs=rngs)
        self.logit = nnx.Linear(self.hidden.out_features, 1, kernel_init=uniform_init(init_range), rngs=rngs)

    def __call__(self, x: jax.Array, key: jax.Array | None = None) -> DiscriminatorOutput:
        features = self.hidden(x, key)
        logits = self.logit(drop(features, self.last_rate, key, len(self.hidden.layers)))
        return DiscriminatorOutput(logits[:, 0], features)


class Autoencoder(nnx.Module):
    """Data or samples ``[B, *data_shape]`` to minus the squared error ``[B]`` of their reconstruction.

    Maxout layers as the discriminator's lead to the code, which is the features; rectifier layers of the same widths
    lead back. With ``bounded`` the reconstruction is a sigmoid. (Zhao et al. 2017, §2.1: the energy is the error.)
    """

    def __init__(self, encoder: MaxoutLayers, decoder: Generator):
        self.encoder = encoder
        self.decoder = decoder

    def __call__(self, x: jax.Array, key: jax.Array | None = None) -> DiscriminatorOutput:
        code = self.encoder(x, key)
        error = (self.decoder(code) - x).reshape(len(x), -1).astype(jnp.float32)  # of which the loss is made
        return DiscriminatorOutput(-jnp.sum(error**2, axis=1), code)


def hidden_layers(config: TrainConfig, rngs: nnx.Rngs) -> HiddenLayers:
    """Build a generator's hidden layers as configured."""
    return HiddenLayers(
        config.latent_size,
        config.generator_widths,
        config.generator_activations,
        init_range=config.generator_init_range,
        sigmoid_bias=config.sigmoid_bias,
        rngs=rngs,
    )


def generator(
    config: TrainConfig, data_shape: Shape, bounded: bool, data_mean: np.ndarray, rngs: nnx.Rngs
) -> Generator:
    """Build the generator as configured, for examples of ``data_shape``."""
    return Generator(
        hidden_layers(config, rngs),
        data_shape,
        data_mean,
        bounded=bounded,
        init_range=config.output_init_range or config.generator_init_range,
        rngs=rngs,
    )


def discriminator(
    config: TrainConfig, data_shape: Shape, bounded: bool, data_mean: np.ndarray, rngs: nnx.Rngs
) -> Discriminator:
    """Build the discriminator as configured, for examples of ``data_shape``."""
    del bounded, data_mean
    return Discriminator(
        data_shape,
        config.discriminator_widths,
        config.maxout_pieces,
        input_dropout=config.input_dropout,
        hidden_dropout=config.hidden_dropout,
        init_range=config.discriminator_init_range,
        rngs=rngs,
    )


def autoencoder(
    config: TrainConfig, data_shape: Shape, bounded: bool, data_mean: np.ndarray, rngs: nnx.Rngs
) -> Autoencoder:
    """Build an autoencoder in the place of the discriminator; the last of its widths is that of the code."""
    widths = config.discriminator_widths
    if not widths:
        raise UsageError("an autoencoder needs at least one of --discriminator-widths, that of its code.")
    rates = (config.input_dropout, *per_layer(config.hidden_dropout, len(widths), "--hidden-dropout"))
    init_range = config.discriminator_init_range
    encoder = MaxoutLayers(data_shape, widths, config.maxout_pieces, rates=rates[:-1], init_range=init_range, rngs=rngs)
    back = HiddenLayers(widths[-1], widths[-2::-1], init_range=init_range, rngs=rngs)
    return Autoencoder(
        encoder, Generator(back, data_shape, data_mean, bounded=bounded, init_range=init_range, rngs=rngs)
    )
