"""The encoder of a run: the one that played, or one trained once for its generator; and what it makes of images."""

import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gancli.compute.blocks import in_blocks, together
from gancli.data.class_names import in_order
from gancli.data.images.framed import read_framed
from gancli.errors import UsageError
from gancli.evaluation.image_sets import open_images, split_name
from gancli.games.encodes import ENCODER, Encodes
from gancli.games.inversion import Fit, encoder_for, explained_variance, first_weights, refine, train_encoder
from gancli.games.pair import NormStatistics
from gancli.imaging.pixels import to_unit
from gancli.reporting import Reporter, duration
from gancli.runs.encoders import kept_fit, read_encoder, write_encoder
from gancli.runs.trained import Trained
from gancli.training.state import Params

BLOCK = 100  # images that go through networks at a time; of fewer, as many are computed


@dataclass(frozen=True)
class Inverse:
    """A run with its encoder."""

    trained: Trained
    encodes: Encodes
    weights: Params
    origin: str  # "played": E of the bidirectional game; "trained": now; "kept": at an earlier command
    explained: float  # share of the variance of z, on fresh samples

    @classmethod
    def of(cls, trained: Trained, steps: int | None, reporter: Reporter) -> "Inverse":
        """Return the encoder of a bidirectional run; for another run read the one that was kept, or train and keep it.

        Args:
            trained: the run.
            steps: of training, of an encoder that did not play; None: those of the one that is kept for these weights
                or, without one, as many as are usual.
            reporter: receives progress.

        Raises:
            UsageError: the run draws points or is class-conditional, or its encoder played and is not trained.
            GancliError: the encoder cannot be kept.
        """
        folder = trained.run.folder
        if not trained.is_images:
            raise UsageError(f"the run in '{folder}' draws points, not images. Encode images with a run on images.")
        if trained.domain.num_classes:
            raise UsageError(f"the run in '{folder}' is class-conditional; an encoder finds latents, and no classes.")
        trained.check_latents()
        draws = trained.pair.draws
        if draws.codes.kinds or draws.components:
            beside = "codes" if draws.codes.kinds else "components of a mixture"
            raise UsageError(f"the run in '{folder}' has {beside} beside its latents; an encoder finds latents alone.")
        played = getattr(trained.game, "encodes", None)
        fit = Fit() if steps is None else replace(Fit(), steps=steps)
        if isinstance(played, Encodes) and ENCODER in trained.weights:
            if steps is not None:
                raise UsageError(
                    f"--steps is for an encoder that is trained afterwards, and the run in '{folder}' has its own. "
                    f"Leave it out."
                )
            weights = trained.weights[ENCODER]
            return cls(trained, played, weights, "played", explained_variance(trained.pair, played, weights, fit))
        pair, family = trained.pair, getattr(trained.game, "family", None)
        fit = kept_fit(folder, pair.generator) or fit if steps is None else fit
        encodes, start = encoder_for(pair.draws, family, fit), first_weights(pair.draws, family, fit)
        weights, origin = read_encoder(folder, start, fit, pair.generator), "kept"
        if weights is None:
            began = time.perf_counter()
            watch = partial(reporter.advance, "training an encoder")
            weights, origin = train_encoder(pair, encodes, start, fit, watch=watch), "trained"
            path = write_encoder(folder, weights, fit, pair.generator)
            took = duration(time.perf_counter() - began)
            reporter.status(f"trained an encoder for {fit.steps:,} steps in {took}; kept in {path}")
        return cls(trained, encodes, weights, origin, explained_variance(pair, encodes, weights, fit))

    def encode(self, images: np.ndarray, refining: int = 0) -> "Inferred":
        """Return what the encoder makes of images, uint8 ``[N, H, W, C]``, and how near the generator comes to them.

        Block by block, all through one program: so no number depends on N. With ``refining``, latents descend so many
        steps on the squared error of pixels.
        """
        pair = self.trained.pair
        shared = self.weights, pair.generator, pair.draws.standing(pair.generator)

        def infer(shared: Any, full: jax.Array) -> Inferred:
            weights, generator, standing = shared
            own, x = replace(pair, generator=generator), pair.domain.to_model(to_unit(full))
            found = _encode(self.encodes, weights, x)
            z = refine(own, found.mean, x, refining, standing) if refining else found.mean
            rebuilt = _rebuild(pair.draws, generator, z, standing)
            return Inferred(z, found.log_variance, found.features, rebuilt)

        return together(in_blocks(infer, shared, len(images), BLOCK, lambda rows: (images[rows],)))


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Inferred:
    """What an encoder made of images."""

    latents: Any  # float32 [N, Z]; of a stochastic encoder the means
    log_variances: Any  # [N, Z], or None
    features: Any  # [N, F], of its last hidden layer
    rebuilt: Any  # [N, H, W, C] in [0, 1]: what the generator draws from the latents


@partial(jax.jit, static_argnames=("encodes",))
def _encode(encodes: Encodes, weights: Params, x: jax.Array) -> Any:
    return encodes.encode(weights, x)


@partial(jax.jit, static_argnames=("draws",))
def _rebuild(draws: Any, generator: Params, z: jax.Array, standing: NormStatistics) -> jax.Array:
    return jnp.clip(draws.domain.show(draws.generate(generator, z, standing)), 0.0, 1.0)


def distances(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the Euclidean distances ``[N]`` of images ``[N, H, W, C]``, uint8 or in [0, 1], in [0, 1] pixels."""
    difference = to_unit(one).astype(np.float64) - to_unit(other)
    return np.sqrt(np.sum(difference.reshape(len(difference), -1) ** 2, axis=1))


@dataclass(frozen=True)
class Images:
    """Images of the size of a run's data."""

    names: tuple[str, ...]
    pixels: np.ndarray  # uint8 [N, H, W, C]
    labels: np.ndarray | None  # int32 [N]; None: not every image has a class
    classes: tuple[str, ...]  # their names, by label

    def __len__(self) -> int:
        return len(self.pixels)


def read_for(trained: Trained, source: str, data_dir: Path | None, reporter: Reporter) -> Images:
    """Read images, brought to the size of a run's data; those of a data set must have it.

    Raises:
        UsageError: there is nothing of that name, or a data set has images of another size.
        GancliError: an image cannot be read.
    """
    config, shape = trained.game.config, trained.domain.shape
    path = Path(source)
    if split_name(source) is None and (path.exists() or "/" in source or path.suffix):
        names, pixels, found = read_framed(path, shape, config.crop, config.max_pixels)
        classes = in_order(found)
        label_of = {name: label for label, name in enumerate(classes)}
        labels = None if "" in classes else np.array([label_of[one] for one in found], np.int32)
        return Images(names, pixels, labels, () if labels is None else classes)
    opened = open_images(source, data_dir, reporter)
    if opened.shape != shape or opened.dataset is None:
        sizes = ("x".join(map(str, one)) for one in (opened.shape, shape))
        raise UsageError(
            f"'{source}' has images of {next(sizes)}, and the run in '{trained.run.folder}' {next(sizes)}."
        )
    dataset = opened.dataset
    names = tuple(f"{dataset.name}/{dataset.split}[{row}]" for row in range(len(dataset)))
    return Images(names, np.asarray(dataset.examples), dataset.labels, dataset.classes)


def read_one(trained: Trained, source: str, data_dir: Path | None, reporter: Reporter) -> np.ndarray:
    """Return one image ``[1, H, W, C]``; errors as in :func:`read_for`.

    Raises:
        UsageError: there are several.
    """
    images = read_for(trained, source, data_dir, reporter)
    if len(images) != 1:
        raise UsageError(f"'{source}' holds {len(images):,} images. Give one image.")
    return images.pixels
