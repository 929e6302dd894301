"""Small convolutional classifiers for the data sets gancli knows: features without a download.

Their Fréchet distance is that of *these* features; it is no Inception distance and not comparable with one.
``scripts/train_classifiers.py`` made the weights.
"""

import jax
from flax import nnx

from gancli.compute.convolution import Convolution
from gancli.features.outputs import Outputs

KERNEL = 3  # pixels


class Block(nnx.Module):
    """``[B, H, W, in_channels]`` to ``[B, H, W, out_channels]``: convolution, batch normalization, ReLU."""

    def __init__(self, in_channels: int, out_channels: int, *, rngs: nnx.Rngs):
        init = nnx.initializers.lecun_normal()
        self.conv = Convolution(
            in_channels, out_channels, size=KERNEL, padding=KERNEL // 2, init=init, bias=False, rngs=rngs
        )
        self.norm = nnx.BatchNorm(out_channels, momentum=0.99, rngs=rngs)

    def __call__(self, x: jax.Array, *, training: bool = False) -> jax.Array:
        return nnx.relu(self.norm(self.conv(x), use_running_average=not training))


class Classifier(nnx.Module):
    """Images ``[B, H, W, channels]`` in [0, 1] to features and logits.

    One block, then pairs of blocks at half the resolution each; the features are the means over space of the last
    block, and the logits are linear in them.
    """

    def __init__(self, channels: int, widths: tuple[int, ...], num_classes: int, *, rngs: nnx.Rngs):
        first, *rest = widths
        self.first = Block(channels, first, rngs=rngs)
        sizes = zip(widths, rest, strict=False)
        self.pairs = nnx.List(
            [nnx.List([Block(i, o, rngs=rngs), Block(o, o, rngs=rngs)]) for i, o in sizes],
        )
        self.logits = nnx.Linear(widths[-1], num_classes, rngs=rngs)

    def __call__(self, x: jax.Array, *, training: bool = False) -> Outputs:
        x = self.first(x, training=training)
        for one, two in self.pairs:
            x = nnx.avg_pool(x, (2, 2), (2, 2))
            x = two(one(x, training=training), training=training)
        features = x.mean(axis=(1, 2))
        return Outputs(features, self.logits(features))
