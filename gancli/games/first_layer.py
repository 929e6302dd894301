"""The first linear layer of a generator: what latents go through before anything else."""

from typing import Any

import jax
import numpy as np
from flax import nnx
from jax import lax

from gancli.errors import UsageError
from gancli.games.pair import Pair


def first_kernel(pair: Pair) -> np.ndarray:
    """Return the kernel ``[Z, F]`` of the first linear layer that is applied to latents.

    Of a class-conditional generator, the rows of the latents alone.

    Raises:
        UsageError: the generator does not begin with ``flax.nnx.Linear``.
    """
    network: Any = pair.draws.player.network(pair.generator)
    applied: list[str] = []
    kernels: dict[str, np.ndarray] = {}
    for path, module in nnx.iter_modules(network):
        if isinstance(module, nnx.Linear):
            name = "/".join(map(str, path))
            kernels[name] = np.asarray(module.kernel[...])
            module.dot_general = _noting(name, applied)
    inputs = jax.ShapeDtypeStruct((1, pair.draws.input_size), np.float32)
    jax.eval_shape(lambda z: network(z), inputs)  # the order of layers is that in which they are applied
    size = pair.draws.player.config.latent_size
    if not applied or len(kernels[applied[0]]) < size:
        raise UsageError(
            f"--model {pair.draws.player.config.model} does not begin with a linear layer (flax.nnx.Linear), which "
            f"axes are made from. Take a class or a file as direction."
        )
    return kernels[applied[0]][:size]


def _noting(name: str, applied: list[str]) -> Any:
    """Return a matrix product that notes when a layer is applied."""

    def product(*arguments: Any, **options: Any) -> jax.Array:
        applied.append(name)
        return lax.dot_general(*arguments, **options)

    return product
