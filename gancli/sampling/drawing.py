"""Samples from a trained generator, and the pictures made of them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gancli.data.load import Dataset, load_for
from gancli.data.synthetic import mixture
from gancli.errors import UsageError
from gancli.games.pair import GAN, Params, Statistics
from gancli.imaging import pixels as images
from gancli.imaging import plots as figures
from gancli.metrics.parzen import log_likelihoods
from gancli.registry import Registry
from gancli.runs.folder import Run, generator_weights

Labels = np.ndarray | int | None

LATENTS_PER_BLOCK = 500
LATENTS = 2**32 - 1  # sets these draws apart from those of a training run with the same seed
PLOTTED_POINTS = 2000
HEAT_SIZE = 120
MOST_COLUMNS = 16  # in a picture with a class a column


@dataclass(frozen=True)
class Drawing:
    """Samples float32 ``[N, *data_shape]``, images in [0, 1], not rounded, and the latents ``[N, Z]`` behind them.

    Latents of a class-conditional generator stand beside classes, ``[N, Z + K]``, one-hot.
    """

    samples: np.ndarray
    latents: np.ndarray
    columns: int | None = None  # of a picture of them; None: square


@dataclass(frozen=True)
class Trained:
    """A trained pair of networks at one step of a run."""

    run: Run
    gan: GAN
    step: int
    generator: Params  # averaged or raw weights
    discriminator: Params | None  # an exported generator has none
    ema: bool  # whether ``generator`` is an average: asked for, and the run kept one
    notes: tuple[str, ...]  # what was passed over to get here

    @classmethod
    def load(cls, folder: Path, *, step: int | str, ema: bool) -> "Trained":
        """Open a run and read the weights of one checkpoint: of a step, ``latest`` (the newest whole one) or ``best``.

        Raises:
            GancliError: there is no such run or checkpoint, or it is damaged.
        """
        run = Run.open(folder)
        gan = run.record.gan()
        found, generator, discriminator, notes = generator_weights(run, gan, step=step, ema=ema)
        return cls(run, gan, found, generator, discriminator, ema and gan.config.ema_decay > 0, tuple(notes))

    @property
    def is_images(self) -> bool:
        """Whether samples are images, as against points."""
        return self.gan.is_images

    def check_conditional(self) -> None:
        """Raise a UsageError unless the run is told of classes."""
        if not self.gan.class_counts:
            raise UsageError(f"the run in '{self.run.folder}' is told of no classes. Train one with --conditional.")

    def label(self, name: str) -> int:
        """Return the label of a class by its name, or by its number.

        Raises:
            UsageError: the run is told of no classes, or of none of that name.
        """
        self.check_conditional()
        names = list(self.run.record.data["classes"])
        if name not in names and name.isdigit() and int(name) < len(names):
            return int(name)
        return Registry("class", {known: place for place, known in enumerate(names)})[name]


@partial(jax.jit, static_argnames=("gan",))
def _generate(gan: GAN, generator: Params, latents: jax.Array, standing: Statistics) -> jax.Array:
    return gan.show(gan.generate(generator, latents, standing))


@partial(jax.jit, static_argnames=("gan",))
def _standing(gan: GAN, generator: Params) -> Statistics:
    return gan.standing(generator)


@partial(jax.jit, static_argnames=("gan",))
def _logits(gan: GAN, discriminator: Params, x: jax.Array) -> jax.Array:
    return gan.discriminate(discriminator, gan.to_model(x))


def _judge(gan: GAN, discriminator: Params, x: np.ndarray) -> np.ndarray:
    """Return D(x) in [0, 1] for ``[N, *data_shape]``; of an objective without beliefs, scores from least to most."""
    outputs = _logits(gan, discriminator, jnp.asarray(x))
    if gan.objective.belief:
        return np.asarray(gan.objective.belief(outputs))
    scores = np.asarray(outputs)
    return (scores - scores.min()) / max(np.ptp(scores), np.finfo(np.float32).tiny)


def discriminator_logits(gan: GAN, discriminator: Params, x: np.ndarray) -> np.ndarray:
    """Return D's logits ``[N]`` for ``[N, *data_shape]``, images in [0, 1], block by block."""
    parts = []
    for start in range(0, len(x), LATENTS_PER_BLOCK):
        part = x[start : start + LATENTS_PER_BLOCK]
        padding = [(0, LATENTS_PER_BLOCK - len(part))] + [(0, 0)] * (x.ndim - 1)
        full = np.pad(part, padding, mode="edge")
        parts.append(np.asarray(_logits(gan, discriminator, jnp.asarray(full)))[: len(part)])
    return np.concatenate(parts)


def draw(gan: GAN, generator: Params, count: int, seed: int, labels: Labels = None) -> Drawing:
    """Draw ``count`` samples. The first n of them are the same for every ``count`` of at least n.

    Args:
        gan: the layout.
        generator: its weights.
        count: of samples.
        seed: of the latents.
        labels: as in :func:`draw_latents`.

    Raises:
        UsageError: ``count`` or ``seed`` is out of range.
    """
    if count < 1:
        raise UsageError(f"-n must be at least 1, got {count}.")
    latents = draw_latents(gan, count, seed, labels)
    return Drawing(generate(gan, generator, latents), latents)


def draw_every_class(gan: GAN, generator: Params, count: int, seed: int) -> Drawing:
    """Draw ``count`` samples as :func:`draw` does, of each class in turn; a picture of them has a class a column."""
    num_classes = len(gan.class_counts)
    drawing = draw(gan, generator, count, seed, np.arange(count) % num_classes)
    return replace(drawing, columns=num_classes if num_classes <= MOST_COLUMNS else None)


def draw_latents(gan: GAN, count: int, seed: int, labels: Labels = None) -> np.ndarray:
    """Draw latents ``[count, Z]`` from the prior, block by block, each block from a key of its own.

    For a class-conditional generator beside classes, ``[count, Z + K]``: of ``labels`` (one for all, or ``[count]``),
    else as often as each is among its data.
    """
    if not 0 <= seed < 2**32:
        raise UsageError(f"--seed must be in [0, 2^32), got {seed}.")
    key = jax.random.fold_in(jax.random.key(seed), LATENTS)
    blocks = range(-(-count // LATENTS_PER_BLOCK))
    drawn = [gan.draw_latents(jax.random.fold_in(key, block), LATENTS_PER_BLOCK) for block in blocks]
    latents = np.concatenate([np.asarray(block) for block in drawn])[:count]
    if labels is not None:
        latents[:, gan.config.latent_size :] = np.arange(len(gan.class_counts)) == np.reshape(labels, (-1, 1))
    return latents


def generate_blocks(gan: GAN, generator: Params, latents: np.ndarray) -> Iterator[jax.Array]:
    """Map latents ``[N, Z]`` to samples, block by block, all through one program, so that no number depends on N."""
    standing = _standing(gan, generator)
    for start in range(0, len(latents), LATENTS_PER_BLOCK):
        part = latents[start : start + LATENTS_PER_BLOCK]
        full = np.pad(part, ((0, LATENTS_PER_BLOCK - len(part)), (0, 0)), mode="edge")
        yield _generate(gan, generator, jnp.asarray(full), standing)[: len(part)]


def generate(gan: GAN, generator: Params, latents: np.ndarray) -> np.ndarray:
    """Map latents ``[N, Z]`` to samples ``[N, *data_shape]`` in host memory."""
    return np.concatenate([np.asarray(block) for block in generate_blocks(gan, generator, latents)])


def picture(
    gan: GAN,
    generator: Params,
    discriminator: Params,
    drawing: Drawing,
    title: str = "",
) -> bytes:
    """Return a PNG of samples: a grid of images, Figure 1's panel for 1-D data, a map for 2-D data."""
    if gan.is_images:
        return images.png_bytes(images.grid(images.to_uint8(drawing.samples), drawing.columns))
    if gan.data_shape == (1,):
        return line_picture(gan, [(title, generator, discriminator)], drawing.latents)
    return plane_picture(gan, discriminator, drawing.samples)


def line_picture(gan: GAN, stages: list[tuple[str, Params, Params]], latents: np.ndarray) -> bytes:
    """Draw a panel of Figure 1 for each stage ``(title, G's weights, D's weights)`` of training on 1-D data."""
    density = mixture(gan.config.dataset)
    reach = 5 * density.standard_deviation
    x = np.linspace(density.centers.min() - reach, density.centers.max() + reach, 400, dtype=np.float32)
    panels = []
    for title, generator, discriminator in stages:
        one_dimensional = gan.config.latent_size == 1
        spread = np.quantile(latents, np.linspace(0.02, 0.98, 17), axis=0).astype(np.float32)
        panels.append(
            figures.Panel(
                title=title,
                discriminator=_judge(gan, discriminator, x[:, None]),
                density=_kernel_estimate(generate(gan, generator, latents)[:, 0], x),
                latents=spread if one_dimensional else None,
                mapped=generate(gan, generator, spread)[:, 0] if one_dimensional else None,
            )
        )
    return figures.density_panels(x, np.exp(density.log_density(x[:, None])), panels)


def _kernel_estimate(samples: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the density of samples ``[N]`` at ``x`` [P] by Gaussian kernels of Scott's width (Scott 1992).

    The width is at least half the distance between two places, below which a spike could fall between them.
    """
    width = max(samples.std() * len(samples) ** -0.2, (x[1] - x[0]) / 2)
    return np.exp(log_likelihoods(samples[:, None], x[:, None], np.array([width]))[0])


def plane_picture(gan: GAN, discriminator: Params, samples: np.ndarray, paths: np.ndarray | None = None) -> bytes:
    """Draw 2-D samples over data, with D as a heat map and, if given, paths ``[R, T, 2]``."""
    density = mixture(gan.config.dataset)
    data, _ = density.sample(PLOTTED_POINTS, seed=0)
    low, high = data.min(axis=0), data.max(axis=0)
    margin = 0.25 * (high - low)
    (left, bottom), (right, top) = low - margin, high + margin
    columns, rows = np.meshgrid(np.linspace(left, right, HEAT_SIZE), np.linspace(bottom, top, HEAT_SIZE))
    places = np.stack([columns, rows], axis=-1).reshape(-1, 2).astype(np.float32)
    heat = None
    if gan.objective.discriminator is not None:
        heat = _judge(gan, discriminator, places).reshape(HEAT_SIZE, HEAT_SIZE)
    extent = (float(left), float(right), float(bottom), float(top))
    label = "$D(x)$" if gan.objective.belief else "score of D, least to most"
    return figures.plane(data, samples[:PLOTTED_POINTS], heat, extent, label, paths)


def training_data(trained: Trained, data_dir: Path | None, split: str = "train") -> Dataset:
    """Load a split of the data a run was trained on.

    Raises:
        UsageError: it is not the data of the run.
    """
    dataset = load_for(trained.gan.config, split, data_dir)
    check_fits(dataset, trained.run)
    return dataset


def check_fits(dataset: Dataset, run: Run) -> None:
    """Raise a UsageError unless the data set's examples have the shape that the run's networks were built for."""
    shape = tuple(run.record.data["shape"])
    if dataset.shape != shape:
        raise UsageError(
            f"data set '{dataset.name}' has examples of shape {show_shape(dataset.shape)}, but the run in "
            f"'{run.folder}' was trained on '{run.record.config.dataset}' with {show_shape(shape)}."
        )


def show_shape(shape: tuple[Any, ...]) -> str:
    """Return ``28x28x1`` for ``(28, 28, 1)``."""
    return "x".join(map(str, shape))
