"""The augmentations by the names used on the command line. No libraries."""

from typing import TYPE_CHECKING

from gancli.registry import FunctionEntry, Registry, lazy

if TYPE_CHECKING:
    import jax

# (images, key, bounded) to images
AUGMENTATIONS: "Registry[FunctionEntry[[jax.Array, jax.Array, bool], jax.Array]]" = Registry(
    "augmentation",
    {
        "color": FunctionEntry(
            function=lazy("gancli.games.augmentation:color"),
            summary="Random brightness, saturation and contrast (Zhao et al. 2020, DiffAugment).",
            use="For small sets of images whose colors vary; not for gray digits.",
            cite=("zhao2020differentiable",),
        ),
        "translation": FunctionEntry(
            function=lazy("gancli.games.augmentation:translation"),
            summary="Images moved by up to an eighth of their sides (Zhao et al. 2020, DiffAugment).",
            use="For small sets of images: the first one to try.",
            cite=("zhao2020differentiable",),
        ),
        "cutout": FunctionEntry(
            function=lazy("gancli.games.augmentation:cutout"),
            summary="A square of half the sides made gray, anywhere (DeVries and Taylor 2017).",
            use="Beside the others, for very small sets of images.",
            cite=("zhao2020differentiable", "devries2017cutout"),
        ),
    },
)
