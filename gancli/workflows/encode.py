"""``gancli encode``: latents of images, what the generator draws from them, and whether it can draw the images."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gancli.compute.programs import keep_compiled_programs
from gancli.data.catalog import CLASSIFIED
from gancli.data.class_names import as_labels
from gancli.data.load import Dataset
from gancli.errors import UsageError
from gancli.evaluation.classes import classes_seen
from gancli.files import check_free, write_atomically
from gancli.imaging.pixels import to_uint8, to_unit
from gancli.imaging.sheets import Heading, grid
from gancli.metrics.neighbors import nearest
from gancli.reporting import Reporter
from gancli.runs.trained import Trained
from gancli.sampling.outputs import STILLS, choose_output, write_picture
from gancli.workflows.inference import Images, Inferred, Inverse, distances, read_for

HELD_OUT = 1000  # images by which is decided what a generator can draw, at most
FEWEST_HELD_OUT = 100  # a 99th percentile of fewer says nothing
PERCENTILE = 99
COMPARED = 1000  # images whose nearest training image is looked for, at most
SHOWN, GROUPS = 30, 3  # images of a sheet, and how many stand in a row
GROUP = (Heading("image"), Heading("reconstruction"), Heading("nearest training image"))


@dataclass(frozen=True)
class EncodeResult:
    """What was inferred and where it lies."""

    output: Path | None
    sheet: Path | None
    names: tuple[str, ...]
    distances: np.ndarray  # [N], of each image from its reconstruction, Euclidean in [0, 1] pixels
    nearest: np.ndarray  # [n], of the first of them from the nearest training image
    random: np.ndarray  # [n], of the same from a random training image
    limit: float | None  # distance from which on an image is not representable; None: too few images are held out
    num_held_out: int
    origin: str  # of the encoder: played, trained or kept
    explained: float  # share of the variance of z, on fresh samples
    kept: float | None  # share of reconstructions of the image's class, as the data's classifier sees them; None: none
    step: int
    ema: bool
    notes: tuple[str, ...]

    @property
    def representable(self) -> np.ndarray | None:
        """Whether the generator can draw each image, bool ``[N]``."""
        return None if self.limit is None else self.distances <= self.limit


def encode(
    folder: Path,
    source: str,
    output: Path | None,
    reporter: Reporter,
    *,
    reconstruct: Path | None = None,
    features: bool = False,
    refine: int = 0,
    steps: int | None = None,
    step: int | str = "latest",
    ema: bool = True,
    overwrite: bool = False,
    data_dir: Path | None = None,
) -> EncodeResult:
    """Infer latents of images with the encoder of a run; see :meth:`Inverse.of`.

    An image is not representable if its reconstruction is further from it than those of 99 % of held-out images of the
    run's data are from them.

    Args:
        folder: the run.
        source: a folder, a ``.zip``, an ``.npz``, one image, or a data set or a split of it, ``mnist/test``.
        output: an ``.npz`` with ``latents`` ``[N, Z]``, ``names``, ``distances``, ``representable`` where that is
            known, ``labels`` and ``class_names`` where every image has a class, and ``log_variances`` of a stochastic
            encoder; None: nothing is written.
        reporter: receives progress.
        reconstruct: a picture: image, reconstruction and nearest training image of the first images.
        features: whether the ``.npz`` has ``features`` of the encoder's last hidden layer, too.
        refine: steps of gradient descent on the latents.
        steps: of an encoder that is trained for the generator; None: as many as are usual.
        step: checkpoint of the run.
        ema: whether weights are averages.
        overwrite: whether files that exist are replaced.
        data_dir: where the data of the catalog lie.

    Raises:
        UsageError: an option is out of range or does not fit the run.
        GancliError: the run or the images cannot be read, or something cannot be written.
    """
    for name, value, least in (("refine", refine, 0), ("steps", steps, 1)):
        if value is not None and value < least:
            raise UsageError(f"--{name} must be at least {least}, got {value}.")
    if output is None and reconstruct is None:
        raise UsageError("nothing to write. Give --output FILE.npz, --reconstruct FILE.png, or both.")
    if features and output is None:
        raise UsageError("--features are written into the file that --output names. Give --output FILE.npz, too.")
    if output is not None:
        if output.suffix != ".npz":
            raise UsageError(f"--output must end in .npz, got '{output}'.")
        check_free(output, "--output", overwrite=overwrite)
    if reconstruct is not None:
        if reconstruct.suffix not in STILLS:
            raise UsageError(f"--reconstruct must end in .png or .webp, got '{reconstruct}'.")
        reconstruct = choose_output(reconstruct, reconstruct, overwrite=overwrite, option="--reconstruct")
    keep_compiled_programs()
    trained = Trained.load(folder, step=step, ema=ema)
    found = read_for(trained, source, data_dir, reporter)
    images = found.pixels
    dataset = trained.load_data(data_dir)
    inverse = Inverse.of(trained, steps, reporter)
    inferred = inverse.encode(images, refine)
    far = distances(images, inferred.rebuilt)
    held_out = dataset.other("validation").examples[:HELD_OUT]
    limit = None
    if len(held_out) >= FEWEST_HELD_OUT:
        of_held_out = distances(held_out, inverse.encode(np.asarray(held_out), refine).rebuilt)
        limit = float(np.quantile(of_held_out, PERCENTILE / 100))
    near, rows = _nearest(images[:COMPARED], dataset)
    others = np.random.default_rng(0).integers(len(dataset), size=len(near))
    result = EncodeResult(
        output,
        reconstruct,
        found.names,
        far,
        near,
        distances(images[: len(near)], dataset.examples[others]),
        limit,
        len(held_out),
        inverse.origin,
        inverse.explained,
        _kept(dataset.name, to_unit(images), inferred.rebuilt),
        trained.step,
        trained.ema,
        trained.notes,
    )
    if output is not None:
        write_atomically(output, _arrays(result, inferred, found, features=features))
    if reconstruct is not None:
        write_picture(reconstruct, _sheet(images, inferred, dataset.examples[rows[:SHOWN]]))
    return result


def _nearest(images: np.ndarray, dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return the distance to the nearest training image, and its row, ``[N]`` each."""
    found, rows = nearest(to_unit(images).reshape(len(images), -1), dataset.flat())
    return found[:, 0], rows[:, 0]


def _kept(dataset: str, images: np.ndarray, rebuilt: np.ndarray) -> float | None:
    """Return the share of images ``[N, H, W, C]`` whose class the data's classifier sees in the reconstruction, too."""
    if dataset not in CLASSIFIED:
        return None
    before, after = (classes_seen(dataset, one) for one in (images, rebuilt))
    return float(np.mean(before == after))


def _arrays(result: EncodeResult, inferred: Inferred, images: Images, *, features: bool) -> bytes:
    arrays = {"latents": inferred.latents, "names": np.array(result.names), "distances": result.distances}
    if result.representable is not None:
        arrays["representable"] = result.representable
    if inferred.log_variances is not None:
        arrays["log_variances"] = inferred.log_variances
    if images.labels is not None:
        numbers, arrays["class_names"] = as_labels(images.classes)
        arrays["labels"] = numbers[images.labels]
    if features:
        arrays["features"] = inferred.features
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _sheet(images: np.ndarray, inferred: Inferred, closest: np.ndarray) -> np.ndarray:
    """Draw image, reconstruction and nearest training image of the first images, several in a row."""
    count = min(len(images), SHOWN)
    tiles = np.stack([images[:count], to_uint8(inferred.rebuilt[:count]), closest[:count]], axis=1)
    in_row = min(GROUPS, count)
    return grid(tiles.reshape(-1, *images.shape[1:]), len(GROUP) * in_row, headings=[GROUP] * in_row)
