"""The priors and paths by the names used on the command line. No libraries."""

from typing import TYPE_CHECKING, Any

from gancli.registry import FunctionEntry, Registry, lazy

if TYPE_CHECKING:
    import jax


PRIORS: "Registry[FunctionEntry[[jax.Array, tuple[int, int]], jax.Array]]" = Registry(
    "prior",
    {
        "uniform": FunctionEntry(
            function=lazy("gancli.latents.priors:uniform"),
            summary="Independent components on [-√3, √3), so of variance 1 (Goodfellow et al. 2014, their code).",
            use="The default, as in the 2014 paper.",
            cite=("goodfellow2014gan",),
        ),
        "gaussian": FunctionEntry(
            function=lazy("gancli.latents.priors:gaussian"),
            summary="The standard normal distribution.",
            use="What most papers since take; convolutional models have it by default.",
        ),
        "spherical": FunctionEntry(
            function=lazy("gancli.latents.priors:spherical"),
            summary="Uniform on the sphere of radius √Z, so of variance 1 (White 2016).",
            use="For interpolation along great circles (--path slerp): all latents have one length.",
            cite=("white2016sampling",),
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
