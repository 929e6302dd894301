"""``gancli evaluate --anomaly``: how unusual images are to a run, by what its networks make of them."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gancli.compute.programs import keep_compiled_programs
from gancli.data.class_names import find
from gancli.errors import GancliError, UsageError
from gancli.evaluation.extractors import load_extractor
from gancli.features.catalog import FEATURES
from gancli.features.extractor import Extractor, extract
from gancli.files import check_free, write_atomically
from gancli.games.pair import DISCRIMINATOR, Scores
from gancli.imaging.pixels import to_uint8, to_unit
from gancli.imaging.sheets import Heading, grid
from gancli.metrics.detection import LEAST, Detection, detection
from gancli.reporting import Reporter
from gancli.runs.folder import PICTURES
from gancli.runs.trained import Trained
from gancli.sampling.draws import discriminator_findings
from gancli.sampling.outputs import choose_output, write_picture
from gancli.workflows.inference import Images, Inverse, read_for

WEIGHT = 0.1  # of features; that of pixels is the rest
AT_ONCE = 1000  # images
ROWS, PAIRS = 6, 2  # of a picture, on either side: how many rows, and images beside their reconstructions in a row


@dataclass(frozen=True)
class AnomalyResult:
    """How unusual images are."""

    source: str  # the run
    against: str
    images: Images
    pixels: np.ndarray  # [N], sum of absolute differences from the reconstruction, in [0, 1] pixels
    features: np.ndarray | None  # [N], the same of features; None: the run has no discriminator
    described_by: str | None  # whose features: "D", or the name and version of a network
    normal: tuple[str, ...]  # classes; empty: they are not known
    reason: str  # why they are not
    found: dict[str, Detection]  # by kind of score: score, pixels, features; empty where classes are not known
    output: Path | None
    figure: Path
    origin: str  # of the encoder: played, trained or kept
    refine: int
    step: int
    ema: bool
    seed: int
    notes: tuple[str, ...]

    @property
    def scores(self) -> dict[str, np.ndarray]:
        """The score ``[N]`` of every image, and its parts; higher is more unusual."""
        if self.features is None:
            return {"score": self.pixels}
        combined = (1 - WEIGHT) * self.pixels + WEIGHT * self.features
        return {"score": combined, "pixels": self.pixels, "features": self.features}

    @property
    def order(self) -> np.ndarray:
        """The images' places ``[N]``, the most unusual first."""
        return np.argsort(-self.scores["score"], kind="stable")

    def classes_of(self) -> list[str] | None:
        """Return the class of every image; None: they are not known."""
        labels = self.images.labels
        return None if labels is None else [self.images.classes[label] for label in labels]

    @property
    def unusual(self) -> np.ndarray | None:
        """Whether the class of every image is none of the normal ones, bool ``[N]``; None: they are not known."""
        return _unusual(self.images, self.normal)


def anomalies(
    folder: Path,
    against: str | None,
    reporter: Reporter,
    *,
    normal: Sequence[str] = (),
    features: str = "auto",
    weights: Path | None = None,
    refine: int = 0,
    output: Path | None = None,
    figure: Path | None = None,
    seed: int = 0,
    step: int | str = "latest",
    ema: bool = True,
    overwrite: bool = False,
    data_dir: Path | None = None,
) -> AnomalyResult:
    """Score how unusual images are: ``0.9 ||x - G(E(x))||₁ + 0.1 ||f(x) - f(G(E(x)))||₁``, f the features.

    The score of Schlegl et al. 2017 (AnoGAN, §2.3) with an encoder instead of a search, as Zenati et al. 2018 (EGBAD)
    have it. D's features in a bidirectional run are those of pairs, (x, E(x)) and (G(E(x)), E(x)). Where there is
    no discriminator and no other network is named, pixels count alone.

    Args:
        folder: the run.
        against: the images, as ``gancli encode`` takes them.
        reporter: receives progress.
        normal: classes of the images that are no anomalies; none: those that the run was trained on, if there are
            others beside them.
        features: ``auto``: D's; or a name of :data:`gancli.features.catalog.FEATURES`.
        weights: file of Inception-v3's weights; default: the published ones, downloaded once.
        refine: steps of gradient descent on the latents.
        output: a ``.csv`` of images, scores and classes, the most unusual first.
        figure: a picture of the most and the least unusual images; default ``pictures/anomaly.png`` of the run.
        seed: of the intervals.
        step: checkpoint of the run.
        ema: whether weights are averages.
        overwrite: whether files that exist are replaced.
        data_dir: where the data of the catalog lie.

    Raises:
        UsageError: an option is wrong or does not fit the run.
        GancliError: something cannot be read or written.
    """
    if against is None:
        raise UsageError("--anomaly needs the images that are scored: --against FOLDER, FILE or DATASET/test.")
    if refine < 0:
        raise UsageError(f"--refine must be at least 0, got {refine}.")
    if output is not None:
        if output.suffix != ".csv":
            raise UsageError(f"--output must end in .csv, got '{output}'.")
        check_free(output, "--output", overwrite=overwrite)
    if figure is not None and figure.suffix != ".png":
        raise UsageError(f"--figure must end in .png, got '{figure}'.")
    figure = choose_output(figure, folder / PICTURES / "anomaly.png", overwrite=overwrite, option="--figure")
    keep_compiled_programs()
    _ = FEATURES[features]
    trained = Trained.load(folder, step=step, ema=ema)
    extractor = None
    if features != "auto":
        extractor = load_extractor(features, trained.domain.shape, weights, reporter)
        extractor.check(trained.domain.shape)
    images = read_for(trained, against, data_dir, reporter)
    usual, reason = _normal(trained, against, images, normal, data_dir)
    inverse = Inverse.of(trained, None, reporter)
    pixels, by_features, rebuilt = _differences(inverse, extractor, images.pixels, refine, reporter)
    shown = AnomalyResult(
        str(folder),
        against,
        images,
        pixels,
        by_features,
        None if by_features is None else extractor.identity if extractor else "D",
        usual,
        reason,
        {},
        output,
        figure,
        inverse.origin,
        refine,
        trained.step,
        trained.ema,
        seed,
        trained.notes,
    )
    if (unusual := shown.unusual) is not None:
        shown = replace(shown, found={name: detection(one, unusual, seed) for name, one in shown.scores.items()})
    if output is not None:
        write_atomically(output, _table(shown))
    write_picture(figure, _sheet(images.pixels, rebuilt, shown.order))
    return shown


def _differences(
    inverse: Inverse, extractor: Extractor | None, images: np.ndarray, refine: int, reporter: Reporter
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
    """Return the differences of images from their reconstructions by pixels and by features, and these, uint8."""
    parts = []
    for start in range(0, len(images), AT_ONCE):
        part = images[start : start + AT_ONCE]
        found = inverse.encode(part, refine)
        pairs = to_unit(part), found.rebuilt
        if extractor:
            described = (extract(extractor, [to_uint8(x)], len(x))[0] for x in pairs)
            by_features = _absolute(*described)
        else:
            by_features = _by_discriminator(inverse.trained, *pairs, found.latents)
        parts.append((_absolute(*pairs), by_features, to_uint8(found.rebuilt)))
        reporter.advance("scoring images", min(start + AT_ONCE, len(images)), len(images))
    pixels, by_feature, rebuilt = zip(*parts, strict=True)
    return (
        np.concatenate(pixels),
        None if by_feature[0] is None else np.concatenate(by_feature),
        np.concatenate(rebuilt),
    )


def _absolute(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the sums of absolute differences ``[N]``."""
    difference = np.abs(one.astype(np.float64) - other)
    return difference.reshape(len(difference), -1).sum(axis=1)


def _by_discriminator(
    trained: Trained, images: np.ndarray, rebuilt: np.ndarray, latents: np.ndarray
) -> np.ndarray | None:
    """Return the differences ``[N]`` of D's features, of pairs with the same latents where D sees pairs; None: no D."""
    pair, of_pairs = trained.pair, getattr(trained.game, "of_pairs", None)
    seen = [images, rebuilt]
    if isinstance(of_pairs, Scores) and DISCRIMINATOR in trained.weights:
        flat = [np.asarray(trained.domain.to_model(x)).reshape(len(x), -1) for x in seen]
        seen = [np.concatenate([x, latents], axis=1) for x in flat]
        pair = replace(pair, scores=of_pairs, discriminator=trained.weights[DISCRIMINATOR])
    if pair.scores is None:
        return None
    return _absolute(*(discriminator_findings(pair, x).features for x in seen))


def _normal(
    trained: Trained, against: str, images: Images, wanted: Sequence[str], data_dir: Path | None
) -> tuple[tuple[str, ...], str]:
    """Return which classes of the images are normal, or none of them and why.

    Raises:
        UsageError: what the user wants is no class of the images, or leaves too few of either kind.
    """
    if images.labels is None:
        if wanted:
            raise UsageError(f"--normal {wanted[0]}: the images of '{against}' have no classes. Leave it out.")
        return (), f"the images of '{against}' have no classes"
    if wanted:
        chosen = tuple(dict.fromkeys(images.classes[find(images.classes, name)] for name in wanted))
    else:
        try:
            data = trained.load_data(data_dir)
        except GancliError as error:
            return (), f"no class is named by --normal, and {error}".rstrip(".")
        trained_on = {data.classes[label] for label in np.unique(data.labels) if label >= 0}
        chosen = tuple(name for name in images.classes if name in trained_on)
        if len(chosen) in (0, len(images.classes)):
            which = "all" if chosen else "none"
            return (), f"the run was trained on {which} of the classes; name the normal ones by --normal"
    unusual = _unusual(images, chosen)
    assert unusual is not None
    if min(count := (len(images) - int(unusual.sum()), int(unusual.sum()))) < LEAST:
        raise UsageError(
            f"of '{against}', {count[0]:,} images are normal and {count[1]:,} are not. At least {LEAST} of each are "
            f"needed; name other classes by --normal."
        )
    return chosen, ""


def _unusual(images: Images, normal: Sequence[str]) -> np.ndarray | None:
    if images.labels is None or not normal:
        return None
    return ~np.isin(images.labels, [images.classes.index(name) for name in normal])


def _table(result: AnomalyResult) -> str:
    """Return a table of images, the most unusual first."""
    scores, classes, unusual = result.scores, result.classes_of(), result.unusual
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    more = ([] if classes is None else ["class"]) + ([] if unusual is None else ["normal"])
    writer.writerow(["file", *scores, *more])
    for row in result.order:
        cells = [result.images.names[row], *(f"{one[row]:.6g}" for one in scores.values())]
        cells += [] if classes is None else [classes[row]]
        writer.writerow(cells + ([] if unusual is None else ["no" if unusual[row] else "yes"]))
    return text.getvalue().encode(errors="replace").decode()


def _sheet(images: np.ndarray, rebuilt: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Draw the most unusual images on the left and the least unusual ones on the right, beside reconstructions."""
    count = min(len(images) // 2, ROWS * PAIRS) or 1
    pairs = min(count, PAIRS)
    count = count // pairs * pairs
    sides = [np.stack([images[rows], rebuilt[rows]], axis=1) for rows in (order[:count], order[::-1][:count])]
    halves = [side.reshape(count // pairs, 2 * pairs, *images.shape[1:]) for side in sides]
    tiles = np.concatenate(halves, axis=1)
    headings = [
        (Heading(f"{which} unusual"), Heading("reconstruction")) for which in ("most", "least") for _ in range(pairs)
    ]
    return grid(tiles.reshape(-1, *images.shape[1:]), tiles.shape[1], headings=headings)
