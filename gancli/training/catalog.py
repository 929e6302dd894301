"""The optimizers by the names used on the command line. No libraries."""

from typing import TYPE_CHECKING, NamedTuple

from gancli.config import TrainConfig
from gancli.registry import FunctionEntry, Registry, lazy

if TYPE_CHECKING:
    import optax


class Pace(NamedTuple):
    """How often a player descends."""

    updates_per_epoch: int
    updates: int  # until what moves has come to its end
    per_step: int = 1  # of one call to descend that a rule of updates needs more than once in a step


# (learning rate, config, pace) to a transformation of gradients
OPTIMIZERS: "Registry[FunctionEntry[[float, TrainConfig, Pace], optax.GradientTransformation]]" = Registry(
    "optimizer",
    {
        "adam": FunctionEntry(
            function=lazy("gancli.training.optimizers:adam"),
            summary="Adam; --momentum is its beta1, --beta2 its second decay rate (Kingma and Ba 2015).",
            use="The default. For nearly every GAN; residual networks like a beta1 of 0.",
            cite=("kingma2015adam",),
        ),
        "sgd": FunctionEntry(
            function=lazy("gancli.training.optimizers:sgd"),
            summary="Gradient descent with momentum, which may rise to --final-momentum.",
            use="For the recipes of 2014, whose optimizer it is; it needs learning rates of its own.",
            cite=("goodfellow2014gan",),
        ),
    },
)
