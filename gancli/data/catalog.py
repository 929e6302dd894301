"""The data sets gancli knows by name: plain data, no libraries.

Every set of images is cut by the original file order: ``train`` is the first part of the training file, ``validation``
the last part of it, ``test`` the test file (Goodfellow et al. 2014 chose σ on the last 10 000 training digits).
"""

import itertools
from dataclasses import dataclass
from pathlib import Path

from gancli.registry import Registry

SPLITS = ("train", "validation", "test")
FILES = (".npz", ".npy", ".zip")  # of your images, beside folders


@dataclass(frozen=True)
class Archive:
    """One original file: where it comes from and which bytes it must hold."""

    filename: str
    url: str
    sha256: str  # of the file as published
    content_sha256: str | None = None  # of what it decompresses to, for files that were compressed again


@dataclass(frozen=True)
class ImageArchives:
    """Images ``[N, H, W, C]`` uint8 with labels, read from the original archives."""

    shape: tuple[int, int, int]
    classes: tuple[str, ...]
    num_train: int  # of the training file; the rest of it is the validation split
    format: str  # "idx" (LeCun's MNIST files) or "cifar" (Krizhevsky's binary records)
    archives: tuple[Archive, ...]


@dataclass(frozen=True)
class FoldedFile:
    """Images of one MATLAB file that only its owners hand out, labeled in part and cut into folds.

    ``train`` is what no label is known of; ``validation`` and ``test`` are those of the first fold.
    """

    shape: tuple[int, int, int]
    classes: tuple[str, ...]
    filename: str
    num_folds: int
    owners: str


@dataclass(frozen=True)
class Embedded:
    """Images that come inside an installed package."""

    shape: tuple[int, int, int]
    classes: tuple[str, ...]
    num_train: int
    num_validation: int


@dataclass(frozen=True)
class Stacked:
    """Images whose channels are random images of another set, drawn independently, with as many classes as pairings."""

    of: str
    shape: tuple[int, int, int]
    sizes: tuple[int, int, int]  # of train, validation, test

    @property
    def classes(self) -> tuple[str, ...]:
        """Names like ``042``: the classes of the channels, one after the other."""
        entry = DATASETS[self.of]
        assert isinstance(entry, ImageArchives)
        return tuple("".join(names) for names in itertools.product(entry.classes, repeat=self.shape[-1]))


@dataclass(frozen=True)
class Mixture:
    """Points ``[N, D]`` float32 from equally likely Gaussians with one standard deviation; the density is known."""

    centers: tuple[tuple[float, ...], ...]
    standard_deviation: float

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one point, ``(D,)``."""
        return (len(self.centers[0]),)

    @property
    def classes(self) -> tuple[str, ...]:
        """The places of the centers in their list."""
        return tuple(map(str, range(len(self.centers))))


Entry = ImageArchives | FoldedFile | Embedded | Stacked | Mixture


def _idx(base_url: str, *files: tuple[str, ...]) -> tuple[Archive, ...]:
    return tuple(Archive(name, base_url + name, *digests) for name, *digests in files)


_TRAIN_IMAGES, _TRAIN_LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"
_TEST_IMAGES, _TEST_LABELS = "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"
_EIGHTH_TURN = 0.5**0.5
_DIGITS = tuple("0123456789")
_EXPRESSIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")

DATASETS: Registry[Entry] = Registry(
    "data set",
    {
        # LeCun et al. 1998
        "mnist": ImageArchives(
            shape=(28, 28, 1),
            classes=_DIGITS,
            num_train=50_000,
            format="idx",
            archives=_idx(
                "https://storage.googleapis.com/cvdf-datasets/mnist/",
                (
                    _TRAIN_IMAGES,
                    "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                ),
                (
                    _TRAIN_LABELS,
                    "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                ),
                (
                    _TEST_IMAGES,
                    "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                ),
                (
                    _TEST_LABELS,
                    "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
                    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
                ),
            ),
        ),
        # Stacked-MNIST, 1 000 modes: Metz et al. 2017 (Unrolled GAN); 128 000 images as in Lin et al. 2018 (PacGAN)
        "stacked_mnist": Stacked("mnist", (28, 28, 3), (128_000, 10_000, 26_000)),
        # Xiao, Rasul, Vollgraf 2017
        "fashion_mnist": ImageArchives(
            shape=(28, 28, 1),
            classes=("t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"),
            num_train=50_000,
            format="idx",
            archives=_idx(
                "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
                (_TRAIN_IMAGES, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
                (_TRAIN_LABELS, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
                (_TEST_IMAGES, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
                (_TEST_LABELS, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
            ),
        ),
        # Clanuwat et al. 2018
        "kmnist": ImageArchives(
            shape=(28, 28, 1),
            classes=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
            num_train=50_000,
            format="idx",
            archives=_idx(
                "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
                (_TRAIN_IMAGES, "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4"),
                (_TRAIN_LABELS, "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"),
                (_TEST_IMAGES, "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"),
                (_TEST_LABELS, "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"),
            ),
        ),
        # Krizhevsky 2009
        "cifar10": ImageArchives(
            shape=(32, 32, 3),
            classes=(
                "airplane",
                "automobile",
                "bird",
                "cat",
                "deer",
                "dog",
                "frog",
                "horse",
                "ship",
                "truck",
            ),
            num_train=40_000,
            format="cifar",
            archives=(
                Archive(
                    "cifar-10-binary.tar.gz",
                    "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                    "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
                ),
            ),
        ),
        # Susskind, Anderson, Hinton 2010: the Toronto Face Database
        "tfd": FoldedFile(
            (48, 48, 1), _EXPRESSIONS, "TFD_48x48.mat", 5, "the University of Toronto's machine learning group"
        ),
        # Alpaydin and Kaynak 1998: the 1 797 test digits of the UCI set, as scikit-learn ships them
        "digits": Embedded(shape=(8, 8, 1), classes=_DIGITS, num_train=1297, num_validation=250),
        # The 1-D game of Figure 1
        "gaussian": Mixture(centers=((0.0,),), standard_deviation=1.0),
        # The ring and the grid of Lin et al. 2018 (PacGAN), after Srivastava et al. 2017 (VEEGAN)
        "ring": Mixture(
            centers=(
                (1.0, 0.0),
                (_EIGHTH_TURN, _EIGHTH_TURN),
                (0.0, 1.0),
                (-_EIGHTH_TURN, _EIGHTH_TURN),
                (-1.0, 0.0),
                (-_EIGHTH_TURN, -_EIGHTH_TURN),
                (0.0, -1.0),
                (_EIGHTH_TURN, -_EIGHTH_TURN),
            ),
            standard_deviation=0.01,
        ),
        "grid": Mixture(
            centers=tuple((float(x), float(y)) for x in range(-4, 5, 2) for y in range(-4, 5, 2)),
            standard_deviation=0.05,
        ),
    },
)


def is_path(name: str) -> bool:
    """Return whether ``name`` means your images: a path, and no data set of the catalog."""
    if name in DATASETS:
        return False
    path = Path(name)
    return len(path.parts) > 1 or name.startswith(".") or path.suffix.lower() in FILES or path.exists()
