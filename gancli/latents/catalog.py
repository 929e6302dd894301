"""The priors and paths by the names used on the command line. No libraries."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gancli.registry import FunctionEntry, Registry, lazy

if TYPE_CHECKING:
    import jax


@dataclass(frozen=True, kw_only=True)
class Prior(FunctionEntry[..., Any]):
    """What z is drawn from: a key and a shape ``[B, Z]`` to latents of mean 0 and variance 1."""

    # The same with a limit: of each component, what lies within it. None: components depend on one another.
    truncated: "Callable[[jax.Array, tuple[int, int], float], jax.Array] | None" = None


MIXTURE = "mixture"  # the prior that has learned parts, inside the generator

PRIORS: Registry[Prior] = Registry(
    "prior",
    {
        "uniform": Prior(
            function=lazy("gancli.latents.priors:uniform"),
            truncated=lazy("gancli.latents.priors:truncated_uniform"),
            summary="Independent components on [-√3, √3), so of variance 1 (Goodfellow et al. 2014, their code).",
            use="The default, as in the 2014 paper.",
            cite=("goodfellow2014gan",),
        ),
        "gaussian": Prior(
            function=lazy("gancli.latents.priors:gaussian"),
            truncated=lazy("gancli.latents.priors:truncated_gaussian"),
            summary="The standard normal distribution.",
            use="What most papers since take; convolutional models have it by default.",
        ),
        "spherical": Prior(
            function=lazy("gancli.latents.priors:spherical"),
            summary="Uniform on the sphere of radius √Z, so of variance 1 (White 2016).",
            use="For interpolation along great circles (--path slerp): all latents have one length.",
            cite=("white2016sampling",),
        ),
        MIXTURE: Prior(
            function=lazy("gancli.latents.priors:gaussian"),
            truncated=lazy("gancli.latents.priors:truncated_gaussian"),
            summary="One of --components Gaussians, whose means and widths the generator learns (DeLiGAN).",
            use="For few or very diverse data. The noise of a component is standard normal before it is scaled.",
            cite=("gurumurthy2017deligan",),
        ),
    },
)

PATHS: "Registry[FunctionEntry[[jax.Array, jax.Array, Any], jax.Array]]" = Registry(
    "path",
    {
        "linear": FunctionEntry(
            function=lazy("gancli.latents.paths:lerp"),
            summary="The straight line, (1 - t) start + t end.",
            use="As in Figure 3 of Goodfellow et al. 2014.",
            cite=("goodfellow2014gan",),
        ),
        "slerp": FunctionEntry(
            function=lazy("gancli.latents.paths:slerp"),
            summary="The great circle; lengths change linearly (White 2016).",
            use="With many latent dimensions: a straight line passes through points shorter than any draw.",
            cite=("white2016sampling",),
        ),
    },
)
