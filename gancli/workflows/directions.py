"""Directions in the latent space of a run: by a class of its data, by an axis of its generator, or from a file."""

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gancli.data.class_names import find
from gancli.data.load import Dataset
from gancli.errors import GancliError, UsageError
from gancli.files import read_arrays, write_atomically
from gancli.games.first_layer import first_kernel
from gancli.latents.directions import between_means, factorized, unit
from gancli.reporting import Reporter
from gancli.runs.encoders import digest_of_weights
from gancli.runs.trained import Trained
from gancli.workflows.inference import Inverse

AXIS, FILE = "sefa:", ".npz"
MOST_OF_A_CLASS = 2000  # training images that are encoded, and as many of all other classes
VECTOR, NAME, GENERATOR = "direction", "name", "generator"  # arrays of a file


@dataclass(frozen=True)
class Toward:
    """One ``--toward NAME=STRENGTH``."""

    name: str
    strength: float  # standard deviations of the prior

    @classmethod
    def parse(cls, text: str) -> "Toward":
        """Return what ``3=0.7``, ``sefa:1=-2`` or ``smile.npz=1`` means.

        Raises:
            UsageError: it has no such form.
        """
        name, _, strength = text.rpartition("=")
        try:
            value = float(strength)
        except ValueError:
            value = math.nan
        if not name or not math.isfinite(value) or value == 0:
            raise UsageError(
                f"--toward must be a name and a strength other than 0, as in 3=0.7, sefa:1=2 or smile.npz=1, "
                f"got '{text}'."
            )
        return cls(name, value)


@dataclass(frozen=True)
class Direction:
    """Where one ``--toward`` leads."""

    toward: Toward
    kind: str  # class, axis or file
    vector: np.ndarray  # float32 [Z], of length 1
    apart: float | None = None  # of a class: how far its mean lies from that of the others, in the same units


def find_directions(
    trained: Trained,
    wanted: Sequence[Toward],
    inverse: Callable[[], Inverse],
    data_dir: Path | None,
    reporter: Reporter,
) -> tuple[Direction, ...]:
    """Return the directions that the user wants, in that order.

    Args:
        trained: the run.
        wanted: their names, with strengths.
        inverse: returns the run's encoder, for classes.
        data_dir: where the data of the catalog lie.
        reporter: hears of a file that was made for another generator.

    Raises:
        UsageError: the run has no such class or axis, or a file does not fit it.
        GancliError: a file or the data cannot be read.
    """
    data: Dataset | None = None
    found = []
    for toward in wanted:
        if toward.name.startswith(AXIS):
            found.append(Direction(toward, "axis", _axis(trained, toward.name)))
        elif toward.name.endswith(FILE):
            found.append(Direction(toward, "file", _read(trained, toward.name, reporter)))
        else:
            _check_for_classes(trained, toward.name)
            data = data or trained.load_data(data_dir, cure="or take an axis, as in --toward sefa:1=2")
            inside, outside = (inverse().encode(images).latents for images in _of_class(data, toward.name))
            vector = between_means(inside, outside)
            found.append(Direction(toward, "class", unit(vector, toward.name), float(np.linalg.norm(vector))))
    return tuple(found)


def write_direction(path: Path, trained: Trained, directions: Sequence[Direction], step: np.ndarray) -> None:
    """Write the sum of directions as one: an ``.npz`` of ``direction`` ``[Z]``, ``name`` and ``generator``.

    Raises:
        UsageError: the directions cancel out.
        GancliError: it cannot be written.
    """
    name = " ".join(f"{one.toward.name}={one.toward.strength:g}" for one in directions)
    arrays = {
        VECTOR: unit(step, name),
        NAME: np.array(name),
        GENERATOR: np.array(digest_of_weights(trained.pair.generator)),
    }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    write_atomically(path, buffer.getvalue())


def _axis(trained: Trained, name: str) -> np.ndarray:
    axes = factorized(first_kernel(trained.pair))
    number = name.removeprefix(AXIS)
    if not number.isdecimal() or not 1 <= int(number) <= len(axes):
        raise UsageError(f"--toward {name}: an axis is a whole number from 1 to {len(axes)}, as in {AXIS}1.")
    return unit(axes[int(number) - 1], name)


def _read(trained: Trained, name: str, reporter: Reporter) -> np.ndarray:
    size = trained.pair.draws.player.config.latent_size
    arrays = read_arrays(Path(name), lambda names: [one for one in names if one in (VECTOR, GENERATOR)])
    vector = arrays.get(VECTOR)
    if vector is None or vector.dtype.kind not in "fiu":
        raise GancliError(f"'{name}' must hold an array '{VECTOR}' of numbers, as --save-direction writes it.")
    if vector.shape != (size,):
        raise UsageError(
            f"the direction in '{name}' has shape {list(vector.shape)}, and latents of the run in "
            f"'{trained.run.folder}' have [{size}]. Take a direction of this run."
        )
    if GENERATOR in arrays and str(arrays[GENERATOR]) != digest_of_weights(trained.pair.generator):
        reporter.warning(
            f"the direction in '{name}' was found for other weights of a generator; here it may change anything."
        )
    return unit(vector, name)


def _check_for_classes(trained: Trained, name: str) -> None:
    if trained.domain.num_classes:
        raise UsageError(
            f"--toward {name}: the run in '{trained.run.folder}' is class-conditional, so its latents hold no classes. "
            f"Draw one with `gancli sample --class {name}`, or take an axis, as in --toward sefa:1=2."
        )


def _of_class(data: Dataset, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return training images ``[n, H, W, C]`` of a class, and of all others together."""
    try:
        counts = data.class_counts()
    except UsageError as error:
        raise UsageError(f"--toward {name}: {error} An axis needs no classes: --toward sefa:1=2.") from None
    label = find(tuple(counts), name)
    if not counts[data.classes[label]]:
        raise UsageError(f"--toward {name}: the class has no training images in '{data.name}'. Take another one.")
    inside, outside = (np.flatnonzero(where) for where in (data.labels == label, data.labels != label))
    return tuple(data.examples[_spread(places)] for places in (inside, outside))  # pyright: ignore[reportReturnType]


def _spread(places: np.ndarray) -> np.ndarray:
    """Return at most so many of the places, evenly from first to last."""
    count = min(len(places), MOST_OF_A_CLASS)
    return places[np.linspace(0, len(places) - 1, count).astype(int)]
