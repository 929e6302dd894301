"""From images to features: one interface for every network, and blocks of one size whatever size images come in."""

import functools
import hashlib
import io
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from gancli.compute.blocks import Block, in_turn
from gancli.errors import GancliError, UsageError
from gancli.features.catalog import CLASSIFIERS
from gancli.features.classifier import Classifier
from gancli.features.inception import network as inception
from gancli.features.inception.torch_file import read_tensors
from gancli.features.outputs import Outputs
from gancli.imaging.pixels import to_unit
from gancli.reporting import Watch, show_shape

WEIGHTS = Path(__file__).parent / "weights"
GRAY_AND_COLOR = (1, 3)  # channels that any network can take
LARGEST = 128  # pixels of a side that a classifier of small images is shown
BLOCK = 100  # images per call of a classifier: large blocks are hardly faster, and small sets would pay for a whole one


@dataclass(frozen=True)
class Extractor:
    """A network that describes images, with everything a protocol has to say of it."""

    identity: str  # name and version: other features have another one
    shape: tuple[int | None, int | None, int | None]  # of the images it takes; None: any, of channels 1 or 3
    width: int  # number of features
    num_classes: int
    resize: str  # how images are brought to the network's size
    block: int  # images per call, always: no number depends on how many come at a time
    params: Any
    apply: Callable[[Any, jax.Array], Outputs]  # parameters, and uint8 [block, H, W, C]
    channels: tuple[int, ...] = GRAY_AND_COLOR  # that images may have

    def check(self, shape: tuple[int, ...]) -> None:
        """Raise a UsageError unless images of ``shape`` can be described."""
        if shape[-1] not in self.channels:
            raise UsageError(
                f"--features {self.identity} takes images of 1 or 3 channels, got {show_shape(shape)}. Images with "
                f"transparency are measured on white: give files of them, such as `gancli sample` writes."
            )
        if any(own not in (None, size) for own, size in zip(self.shape, shape, strict=True)):
            wanted = "x".join("any" if size is None else str(size) for size in self.shape)
            raise UsageError(
                f"--features {self.identity} takes images of {wanted}, got {show_shape(shape)}. "
                f"Use --features inception-v3."
            )


@functools.cache  # training asks at every evaluation, and it would be traced anew
def classifier(name: str, channels: int | None = None) -> Extractor:
    """Load a built-in classifier.

    Args:
        name: of :data:`CLASSIFIERS`.
        channels: of the images, where they stack several pictures of the classifier's kind (Stacked-MNIST): each
            channel is described on its own; features are those of all channels, classes all combinations of theirs.

    Raises:
        GancliError: the weights in the package are not those that belong to it.
    """
    entry = CLASSIFIERS[name]
    height, width, own = entry.shape
    channels = channels or own
    stacked = channels // own
    graph, params = _weights(name)

    @jax.jit
    def run(params: Any, images: jax.Array) -> Outputs:
        pictures = jnp.moveaxis(images.reshape(-1, height, width, stacked, own), 3, 1)
        outputs = nnx.merge(graph, params)(to_unit(pictures.reshape(-1, height, width, own)))
        logits = outputs.logits.reshape(-1, stacked, entry.num_classes)
        joint = logits[:, 0]
        for channel in range(1, stacked):  # independent pictures: log-probabilities add up
            joint = (joint[:, :, None] + logits[:, channel, None, :]).reshape(len(joint), -1)
        return Outputs(outputs.features.reshape(-1, stacked * entry.widths[-1]), joint)

    return Extractor(
        identity=entry.identity if stacked == 1 else f"{entry.identity} x {stacked}",
        shape=(height, width, channels),
        width=stacked * entry.widths[-1],
        num_classes=entry.num_classes**stacked,
        resize="none",
        block=max(BLOCK // stacked, 1),
        params=params,
        apply=run,
    )


@functools.cache
def classifier_at_scales(name: str, side: int) -> Extractor:
    """Load a built-in classifier of color images for images of any size and kind, at one scale or two.

    Its features are those of the image at the classifier's own size, and, of larger images, beside them those at
    ``side`` pixels, 128 at most: the former see what is shown, the latter how sharply. The network is convolutional
    and averages over space, so it takes both. Gray becomes color, and transparency white.

    Args:
        name: of :data:`CLASSIFIERS`.
        side: of the images to be compared, in pixels; all are brought to it.

    Raises:
        GancliError: the weights in the package are not those that belong to it.
    """
    entry = CLASSIFIERS[name]
    graph, params = _weights(name)
    scales = sorted({entry.shape[0], max(entry.shape[0], min(side, LARGEST))})

    @jax.jit
    def run(params: Any, images: jax.Array) -> Outputs:
        pixels = _on_white(to_unit(images))
        sizes = [(len(images), scale, scale, entry.shape[-1]) for scale in scales]
        found = [nnx.merge(graph, params)(jax.image.resize(pixels, size, "linear")) for size in sizes]
        return Outputs(jnp.concatenate([one.features for one in found], axis=1), found[0].logits)

    return Extractor(
        identity=f"{entry.identity} at {' and '.join(map(str, scales))} px",
        shape=(None, None, None),
        width=len(scales) * entry.widths[-1],
        num_classes=entry.num_classes,
        resize="antialiased bilinear",
        block=BLOCK,
        params=params,
        apply=run,
        channels=(1, 3, 4),
    )


def _on_white(pixels: jax.Array) -> jax.Array:
    """Turn ``[B, H, W, 1, 3 or 4]`` in [0, 1] into three channels."""
    if pixels.shape[-1] == 4:
        pixels = pixels[..., :3] * pixels[..., 3:] + (1 - pixels[..., 3:])
    return jnp.broadcast_to(pixels, (*pixels.shape[:-1], 3))


def _weights(name: str) -> tuple[nnx.GraphDef[Classifier], Any]:
    entry = CLASSIFIERS[name]
    raw = (WEIGHTS / f"{entry.identity}.npz").read_bytes()
    if hashlib.sha256(raw).hexdigest() != entry.sha256:
        raise GancliError(f"the weights of {entry.identity} in this installation are damaged; install gancli again.")
    # The game may ask while a step is traced, and what is kept must not be part of that.
    with np.load(io.BytesIO(raw), allow_pickle=False) as arrays, jax.ensure_compile_time_eval():
        params = _nested({name: jnp.asarray(arrays[name]) for name in arrays.files})
    return _layout(entry.shape[-1], entry.widths, entry.num_classes), params


@functools.cache
def _layout(channels: int, widths: tuple[int, ...], num_classes: int) -> nnx.GraphDef[Classifier]:
    """Return a classifier without its weights; finding it takes a while."""
    return nnx.graphdef(nnx.eval_shape(lambda: Classifier(channels, widths, num_classes, rngs=nnx.Rngs(0))))


def inception_v3(weights: Path) -> Extractor:
    """Load Inception-v3 from the published file or another of its kind.

    Raises:
        GancliError: it cannot be read, or holds other weights.
    """
    params = jax.tree.map(jnp.asarray, inception.parameters(read_tensors(weights)))
    graph, _ = inception.layout()
    prepare = jax.jit(inception.prepare)
    network = jax.jit(lambda params, images: nnx.merge(graph, params)(images))
    return Extractor(
        identity=inception.identity(weights),
        shape=(None, None, None),
        width=inception.NUM_FEATURES,
        num_classes=inception.NUM_CLASSES,
        resize=f"TensorFlow 1 bilinear {inception.SIZE}",
        block=16,
        params=params,
        apply=lambda params, images: network(params, prepare(images)),
    )


def _nested(flat: dict[str, Any]) -> dict[str | int, Any]:
    """Turn ``{"pairs.0.1.conv": x}`` into nested dictionaries; list indices become integers."""
    tree: dict[str | int, Any] = {}
    for name, value in flat.items():
        *path, last = (int(part) if part.isdigit() else part for part in name.split("."))
        branch = tree
        for part in path:
            branch = branch.setdefault(part, {})
        branch[last] = value
    return tree


Images = np.ndarray | jax.Array


def _reblocked(batches: Iterable[Images], size: int) -> Iterator[Images]:
    """Cut a stream of rows into arrays of ``size`` rows, the last one shorter; rows on a device stay there."""
    rest: Images | None = None
    for batch in batches:
        if rest is not None and len(rest):
            if isinstance(batch, jax.Array):
                batch = jnp.concatenate([jax.device_put(rest, batch.sharding), batch])
            else:
                batch = np.concatenate([rest, batch])
        whole = len(batch) - len(batch) % size
        for start in range(0, whole, size):
            yield batch[start : start + size]
        rest = batch[whole:]
    if rest is not None and len(rest):
        yield rest


def described(
    extractor: Extractor, batches: Iterable[Images], count: int, watch: Watch | None = None
) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """Describe a stream of images, block by block.

    Args:
        extractor: the network.
        batches: uint8 ``[b, H, W, C]`` each, of any b; ``count`` images in all.
        count: how many.
        watch: receives progress.

    Yields:
        Which of the images, their features ``[n, F]`` and their logits ``[n, K]``, float32.

    Raises:
        GancliError: another number of images came.
    """
    sizes: deque[int] = deque()

    def blocks() -> Iterator[Block]:
        for block in _reblocked(batches, extractor.block):
            sizes.append(len(block))
            missing = extractor.block - len(block)
            yield (np.pad(block, ((0, missing), (0, 0), (0, 0), (0, 0)), mode="edge") if missing else block,)

    done = 0
    for outputs in in_turn(extractor.apply, extractor.params, blocks()):
        here = sizes.popleft()
        if done + here > count:
            raise GancliError(f"{count} images were announced, but more came.")
        features, logits = (np.asarray(part)[:here] for part in outputs)
        yield slice(done, done + here), features, logits
        done += here
        if watch:
            watch(done, count)
    if done != count:
        raise GancliError(f"{count} images were announced, but {done} came.")


def extract(
    extractor: Extractor, batches: Iterable[Images], count: int, watch: Watch | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return features ``[count, F]`` and logits ``[count, K]`` of a stream of images; see :func:`described`."""
    features = np.empty((count, extractor.width), np.float32)
    logits = np.empty((count, extractor.num_classes), np.float32)
    for rows, some_features, some_logits in described(extractor, batches, count, watch):
        features[rows], logits[rows] = some_features, some_logits
    return features, logits
