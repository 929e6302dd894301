"""``gancli parzen``: the paper's Gaussian Parzen window log-likelihood, for a run or for anybody's samples."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gancli.compute.programs import keep_compiled_programs
from gancli.data.images.arrays import in_unit_range, read_samples
from gancli.data.load import Dataset, framing_of, load, load_folds
from gancli.errors import UsageError
from gancli.imaging.pixels import to_unit
from gancli.metrics.parzen import FoldScores, parzen_score
from gancli.reporting import Reporter, show_shape
from gancli.runs.trained import Trained
from gancli.sampling.draws import draw

NUM_VALIDATION = 1000  # validation examples that choose σ, as in the authors' script
NUM_CENTERS = 1000


@dataclass(frozen=True)
class Baseline:
    """A score that puts another in proportion: the same protocol on samples that no generator drew."""

    name: str
    score: FoldScores


@dataclass(frozen=True)
class ParzenResult:
    """A score with its protocol."""

    score: FoldScores
    source: str  # what was scored
    dataset: str
    step: int | None  # of the checkpoint, for a run
    ema: bool | None
    seed: int
    baselines: tuple[Baseline, ...]
    notes: tuple[str, ...]


def parse_sigmas(text: str) -> np.ndarray | None:
    """Parse ``auto`` (the authors' grid, None), one number, or several separated by commas.

    Raises:
        UsageError: it is none of these.
    """
    if text == "auto":
        return None
    try:
        sigmas = np.array(sorted(float(part) for part in text.split(",")))
    except ValueError:
        sigmas = np.array([])
    if len(sigmas) == 0 or not np.all(np.isfinite(sigmas) & (sigmas > 0)):
        raise UsageError(f"--sigma must be 'auto' or numbers above 0 separated by commas, got '{text}'.")
    return sigmas


def parzen(
    source: Path,
    *,
    dataset_name: str | None = None,
    num_samples: int = 10_000,
    sigma: str = "auto",
    seed: int = 0,
    step: int | str = "latest",
    ema: bool = True,
    baselines: bool = False,
    data_dir: Path | None = None,
    listener: Reporter | None = None,
) -> ParzenResult:
    """Score a run, or the samples of an ``.npz`` file, against a data set.

    σ is chosen on the first 1 000 validation examples, the score is the mean over the whole test split; of data in
    folds, so for every fold.

    Args:
        source: a run folder, or a file with ``samples`` (floats in the model's range) or ``images`` (uint8).
        dataset_name: what to score against; for a run, only its own data set. A file is scored against ``mnist``.
        num_samples: drawn from the generator; of a file, all are used.
        sigma: see :func:`parse_sigmas`.
        seed: of the draws.
        step: of the checkpoint; ``latest`` is the newest whole one, ``best`` that of the run's first metric.
        ema: whether G's averaged weights are used.
        baselines: also score training examples and k-means centers.
        data_dir: where the data lies.
        listener: hears of the preparation of your images.

    Raises:
        UsageError: an option is out of range or the samples do not fit the data.
        GancliError: something cannot be read.
    """
    sigmas = parse_sigmas(sigma)
    if num_samples < 1:
        raise UsageError(f"--samples must be at least 1, got {num_samples}.")
    keep_compiled_programs()
    if source.is_file():
        samples = read_samples(source)
        dataset_name = dataset_name or "mnist"
        train = load(dataset_name, "train", data_dir, listener=listener)
        gray = (*samples.shape[1:], 1) == train.shape
        if not gray and samples.shape[1:] not in (train.shape, (math.prod(train.shape),)):
            raise UsageError(
                f"the samples in '{source}' have shape {show_shape(samples.shape[1:])}, but those of data set "
                f"'{dataset_name}' have {show_shape(train.shape)}. Name another one with --dataset."
            )
        samples = to_unit(samples)
        if train.is_images:
            samples = in_unit_range(samples, source)
        step_found, used_ema, notes, framing = None, None, (), None
    else:
        trained = Trained.load(source, step=step, ema=ema)
        name = trained.game.config.dataset
        if dataset_name not in (None, name):
            raise UsageError(f"the run in '{source}' was trained on '{name}', not on '{dataset_name}'.")
        dataset_name = name
        train = trained.load_data(data_dir)
        samples = draw(trained.pair, num_samples, seed).samples
        step_found, used_ema, notes = trained.step, trained.ema, trained.notes
        framing = framing_of(trained.game.config)

    flat = samples.reshape(len(samples), -1)
    others = _baselines(train, len(samples), seed) if baselines else {}
    folds = [
        (held_out.flat(0, NUM_VALIDATION), test.flat())
        for held_out, test in load_folds(dataset_name, data_dir, framing)
    ]

    def score(samples: np.ndarray) -> FoldScores:
        return FoldScores(tuple(parzen_score(samples, held_out, test, sigmas) for held_out, test in folds))

    return ParzenResult(
        score=score(flat),
        source=str(source),
        dataset=dataset_name,
        step=step_found,
        ema=used_ema,
        seed=seed,
        baselines=tuple(Baseline(name, score(other)) for name, other in others.items()),
        notes=notes,
    )


def _baselines(train: Dataset, count: int, seed: int) -> dict[str, np.ndarray]:
    from sklearn.cluster import MiniBatchKMeans  # a second to import, and only this option needs it

    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.choice(len(train), size=min(count, len(train)), replace=False))
    flat = train.flat()
    clusters = min(NUM_CENTERS, len(train))
    fitted = MiniBatchKMeans(clusters, random_state=seed, batch_size=10_000).fit(flat)
    return {
        f"{len(chosen)} training examples": flat[chosen],
        f"{clusters} k-means centers of them": np.asarray(fitted.cluster_centers_, np.float32),
    }
