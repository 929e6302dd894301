"""Layers that several architectures share. Images are ``[B, H, W, C]``, vectors ``[B, features]``."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar, runtime_checkable

import jax
import jax.numpy as jnp
from flax import nnx

from gancli.compute.convolution import Convolution
from gancli.compute.remat import is_rematerializing, rematerialized
from gancli.errors import UsageError
from gancli.registry import Registry


class DiscriminatorOutput(NamedTuple):
    """What a discriminator finds in a batch."""

    outputs: jax.Array  # [B], of patches [B, P]; higher means more real
    features: jax.Array  # [B, F], of an intermediate layer


class SeveralOutput(NamedTuple):
    """What a discriminator finds that is several, each of which has an adversarial loss of its own."""

    outputs: jax.Array  # [B, P], of the first one; higher means more real
    features: jax.Array  # [B, F], of an intermediate layer
    others: tuple[jax.Array, ...]  # outputs [B, P'] of each of the others


def outputs_of(found: Any) -> tuple[jax.Array, ...]:
    """Return the outputs in what a discriminator found: one array, or those of each that is inside of it."""
    return (found.outputs, *found.others) if isinstance(found, SeveralOutput) else (found.outputs,)


@runtime_checkable
class Normalized(Protocol):
    """A generator that may have batch normalization, called with latents and, or not, the statistics to use."""

    def statistics(self, z: jax.Array) -> list[jax.Array]:
        """Return the statistics ``[2, channels]`` of every normalized layer on a batch of latents."""
        ...


ACTIVATIONS = Registry("activation", {"relu": nnx.relu, "sigmoid": nnx.sigmoid})


Init = jax.nn.initializers.Initializer
HE_UNIFORM = nnx.initializers.he_uniform()  # variance 2 / fan-in


def uniform_init(half_range: float | None, otherwise: Init = HE_UNIFORM) -> Init:
    """Return an initializer on ±``half_range``, or ``otherwise`` when that is None."""
    if half_range is None:
        return otherwise

    def init(key: jax.Array, shape: Any, dtype: Any = jnp.float32, out_sharding: Any = None) -> jax.Array:
        return jax.random.uniform(key, shape, dtype, -half_range, half_range)

    return init


NORM_EPSILON = 1e-5  # beside a variance, as everywhere in the field

T = TypeVar("T")


def per_layer(values: Sequence[T], layers: int, option: str) -> tuple[T, ...]:
    """Return one value for each layer, of which a single one given is that of all.

    Raises:
        UsageError: there are neither one nor as many as layers.
    """
    if len(values) not in (1, layers):
        raise UsageError(f"{option} must have one value, or {layers}, one for each layer, got {len(values)}.")
    return tuple(values) * layers if len(values) == 1 else tuple(values)


def dropout(x: jax.Array, rate: float, key: jax.Array) -> jax.Array:
    """Set each component of ``x`` to zero with probability ``rate`` and scale the rest to keep the mean.

    Eight random bits a component are cheaper than a float and a comparison; the rate is rounded to 1/256 and the
    scale uses the rounded one, so the mean is kept exactly (Srivastava et al. 2014, inverted form).
    """
    kept_of_256 = round((1.0 - rate) * 256)
    keep = jax.random.bits(key, x.shape, jnp.uint8) < jnp.uint8(kept_of_256)
    return jnp.where(keep, x * (256 / kept_of_256), 0.0)


def drop(x: jax.Array, rate: float, key: jax.Array | None, layer: int) -> jax.Array:
    """Return ``x`` with dropout before a layer, from a key of that layer's own; without a key, or at rate 0, ``x``."""
    return x if key is None or rate == 0 else dropout(x, rate, jax.random.fold_in(key, layer))


class Maxout(nnx.Module):
    """``[B, in_features]`` to ``[B, units]``: each the largest of ``pieces`` linear functions (Goodfellow et al. 2013).

    The pieces lie beside each other, not the units: on a CPU the gradient of a maximum over neighboring numbers is
    several times slower.
    """

    def __init__(self, in_features: int, units: int, pieces: int, init_range: float | None = None, *, rngs: nnx.Rngs):
        self.linear = nnx.Linear(in_features, units * pieces, kernel_init=uniform_init(init_range), rngs=rngs)
        self.units = units
        self.pieces = pieces

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.linear(x).reshape(-1, self.pieces, self.units).max(axis=1)


class MaxoutConvolution(nnx.Module):
    """``[B, H, W, in_channels]`` to ``[B, H', W', channels]``: convolution, then the largest of its pieces.

    ``H' = H + 2 padding - size + 1`` (Goodfellow et al. 2013, §5.2: maxout across channels).
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        pieces: int,
        *,
        size: int,
        padding: int,
        init_range: float | None = None,
        rngs: nnx.Rngs,
    ):
        self.convolution = Convolution(
            in_channels, channels * pieces, size=size, padding=padding, init=uniform_init(init_range), rngs=rngs
        )
        self.channels = channels

    def __call__(self, x: jax.Array) -> jax.Array:
        x = self.convolution(x)
        first, *others = (x[..., at : at + self.channels] for at in range(0, x.shape[-1], self.channels))
        for piece in others:
            first = jnp.maximum(first, piece)
        return first


class BatchStats:
    """The statistics of a network's normalized layers, in their order, on one way through it.

    Each layer takes the next of those given, or adds those of its batch to ``used``.
    """

    def __init__(self, given: Sequence[jax.Array] | None = None):
        self.gives = bool(given)
        self._given = iter(given or ())
        self.used: list[jax.Array] = []

    def settle(self, x: jax.Array) -> jax.Array:
        """Return means and variances ``[2, C]`` of the channels of ``x`` ``[B, ..., C]``."""
        if self.gives:
            return next(self._given)
        axes = tuple(range(x.ndim - 1))
        mean = jnp.mean(x, axis=axes, keepdims=True)
        self.used.append(jnp.stack([mean.reshape(-1), jnp.mean((x - mean) ** 2, axis=axes)]))
        return self.used[-1]


class BatchNorm(nnx.Module):
    """Normalize each channel of ``[B, ..., C]`` over all but the last axis, then scale and shift (Ioffe, Szegedy 2015).

    By the statistics that the stats gives, or by the batch's own.
    """

    def __init__(self, channels: int):
        self.scale = nnx.Param(jnp.ones(channels))
        self.bias = nnx.Param(jnp.zeros(channels))

    def __call__(self, x: jax.Array, stats: BatchStats) -> jax.Array:
        dtype = x.dtype
        x = x.astype(jnp.float32)  # sums over a batch need more than the bits of bfloat16
        mean, variance = stats.settle(x)
        factor = self.scale[...] * jax.lax.rsqrt(variance + NORM_EPSILON)
        offset = self.bias[...] - mean * factor
        shape = (*[1] * (x.ndim - 1), -1)
        return (x * factor.reshape(shape) + offset.reshape(shape)).astype(dtype)


class NoNorm(nnx.Module):
    """Stands where a network has no normalization."""

    def __call__(self, x: jax.Array, stats: BatchStats) -> jax.Array:
        del stats
        return x


def rematerialized_normalized(
    layer: Callable[[Any, jax.Array, BatchStats], jax.Array], module: Any, x: jax.Array, stats: BatchStats
) -> jax.Array:
    """Return ``layer(module, x, stats)`` as ``rematerialized`` does; where statistics are given, nothing is trained."""
    if stats.gives or not is_rematerializing():
        return layer(module, x, stats)

    def run(module: Any, x: jax.Array) -> tuple[jax.Array, list[jax.Array]]:
        own = BatchStats()
        return layer(module, x, own), own.used

    found, used = rematerialized(run, module, x)
    stats.used += used
    return found


def max_pool(x: jax.Array, size: int, stride: int) -> jax.Array:
    """Return the largest value of every window of ``size`` x ``size``, for ``[B, H, W, C]``.

    Windows begin at every ``stride``-th pixel until the image is covered; those that overhang its edge take what is
    inside. As maxima of slices: on a CPU many times faster than a windowed reduction and its gradient.
    """
    for axis in (1, 2):
        length = x.shape[axis]
        windows = pooled_length(length, size, stride)
        overhang = max((windows - 1) * stride + size - length, 0)
        padding = [(0, overhang) if a == axis else (0, 0) for a in range(4)]
        padded = jnp.pad(x, padding, constant_values=-jnp.inf)
        x = jax.lax.slice_in_dim(padded, 0, (windows - 1) * stride + 1, stride, axis)
        for start in range(1, size):
            part = jax.lax.slice_in_dim(padded, start, start + (windows - 1) * stride + 1, stride, axis)
            x = jnp.maximum(x, part)
    return x


def pooled_length(length: int, size: int, stride: int) -> int:
    """Return how many windows :func:`max_pool` lays along ``length`` pixels."""
    return -(-max(length - size, 0) // stride) + 1
