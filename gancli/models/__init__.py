"""Network architectures, one file each, by the name used on the command line."""

from collections.abc import Callable
from typing import NamedTuple

from flax import nnx

from gancli.models import maxout_conv, mlp
from gancli.registry import Registry


class Architecture(NamedTuple):
    """A family of networks."""

    networks: Callable[..., tuple[nnx.Module, nnx.Module]]  # (config, data_shape, bounded, data_mean, rngs) to G and D
    convolves: bool


MODELS: Registry[Architecture] = Registry(
    "model",
    {
        "mlp": Architecture(mlp.networks, convolves=False),
        "maxout-conv": Architecture(maxout_conv.networks, convolves=True),
    },
)
