"""The masks by the names used on the command line: which part of an example is hidden. No libraries."""

from typing import TYPE_CHECKING

from gancli.registry import FunctionEntry, Registry, lazy

if TYPE_CHECKING:
    import jax

# (key, sides) to bool [*sides], True where an example is observed; sides are (H, W) of images, (D,) of points
MASKS: "Registry[FunctionEntry[[jax.Array, tuple[int, ...]], jax.Array]]" = Registry(
    "mask",
    {
        "half": FunctionEntry(
            function=lazy("gancli.games.masking:half"),
            summary="One of the halves is hidden: left, right, top or bottom, each as often.",
            use="To train: half of an image leaves several answers.",
            cite=("yeh2017semantic",),
        ),
        "block": FunctionEntry(
            function=lazy("gancli.games.masking:block"),
            summary="A rectangle anywhere is hidden, each side a quarter to three quarters of the image's.",
            use="To train: what photos need where something is to be taken out.",
            cite=("pathak2016context", "li2019misgan"),
        ),
        "pixels": FunctionEntry(
            function=lazy("gancli.games.masking:pixels"),
            summary="Each pixel is observed with one probability, which is drawn between 0 and 1.",
            use="To train: every part of an example may be missing, from all to nothing.",
            cite=("yoon2018gain", "li2019misgan"),
        ),
        "left": FunctionEntry(
            function=lazy("gancli.games.masking:left"),
            summary="The left half is hidden.",
            use="For `gancli inpaint --mask`, or to train for this question alone.",
        ),
        "right": FunctionEntry(
            function=lazy("gancli.games.masking:right"),
            summary="The right half is hidden.",
            use="For `gancli inpaint --mask`, or to train for this question alone.",
        ),
        "top": FunctionEntry(
            function=lazy("gancli.games.masking:top"),
            summary="The upper half is hidden.",
            use="For `gancli inpaint --mask`, or to train for this question alone.",
        ),
        "bottom": FunctionEntry(
            function=lazy("gancli.games.masking:bottom"),
            summary="The lower half is hidden.",
            use="For `gancli inpaint --mask`, or to train for this question alone.",
        ),
        "center": FunctionEntry(
            function=lazy("gancli.games.masking:center"),
            summary="The middle is hidden, half as high and half as wide as the image.",
            use="For `gancli inpaint --mask`, or to train for this question alone.",
            cite=("pathak2016context",),
        ),
    },
)
