"""The data sets gancli knows by name, each in one entry: plain data, no libraries.

Every set of images is cut by the original file order: ``train`` is the first part of the training file, ``validation``
the last part of it, ``test`` the test file (Goodfellow et al. 2014 chose σ on the last 10 000 training digits).
"""

from pathlib import Path
from typing import Any

from gancli.config import AUTO
from gancli.data.kinds import Archive, Blended, Embedded, Entry, FoldedFile, ImageArchives, Mixture, Stacked
from gancli.registry import Registry

SPLITS = ("train", "validation", "test")
FILES = (".npz", ".npy", ".zip")  # of your images, beside folders


def _idx(base_url: str, *files: tuple[str, ...]) -> tuple[Archive, ...]:
    return tuple(Archive(name, base_url + name, *digests) for name, *digests in files)


# Fields in which a data set differs from TrainConfig's defaults. The recipes for images are made for the true minimax
# game: noise on D's inputs keeps the supports of data and samples overlapping, so that D is never sure and
# log(1 - D(G(z))) never flat (Arjovsky and Bottou 2017), and Adam makes G's steps large while its gradient is small.
_GRAY_28: dict[str, Any] = {
    "num_steps": 10_000,
    "generator_widths": (600, 600),
    "discriminator_widths": (240, 240),
    "maxout_pieces": 3,
    "input_dropout": 0.0,
    "hidden_dropout": (0.3,),
    "instance_noise": 0.5,
    "generator_init_range": 0.05,
    "discriminator_init_range": 0.005,
    "generator_learning_rate": 4e-4,
    "discriminator_learning_rate": 2e-4,
    "ema_decay": 0.9998,
}
_POINTS: dict[str, Any] = {
    "batch_size": 256,
    "input_dropout": 0.0,
    "hidden_dropout": (0.0,),
    "ema_decay": 0.999,
    "log_every": 500,
    "sample_every": 2500,
    "checkpoint_every": 2500,
    "evaluate_every": 2500,
    "metrics": ("modes",),
}
EVALUATED: dict[str, Any] = {"evaluate_every": 1000, "metrics": ("fid", "modes")}
# By the classifier of photographs, which takes images of any size and comes without a download.
DESCRIBED: dict[str, Any] = {"evaluate_every": 1000, "features": "cifar10-classifier"}
_CONVOLVED: dict[str, Any] = {"model": "dcgan", "num_steps": 20_000}
YOUR_IMAGES: dict[str, Any] = DESCRIBED | _CONVOLVED | {"augment": AUTO}

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
            summary="Handwritten digits",
            cite=("lecun1998gradient",),
            classifier=("mnist", 1),
            defaults=_GRAY_28 | EVALUATED,
            shape=(28, 28, 1),
            classes=_DIGITS,
            num_train=50_000,
            format="idx",
            torchvision="MNIST/raw",
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
        "stacked_mnist": Stacked(
            summary="Three handwritten digits, one in each color",
            cite=("lecun1998gradient", "metz2017unrolled", "lin2018pacgan"),
            classifier=("mnist", 3),
            defaults=_GRAY_28 | {"generator_widths": (1200, 1200), "maxout_pieces": 5, **EVALUATED},
            of="mnist",
            channel_classes=_DIGITS,
            shape=(28, 28, 3),
            sizes=(128_000, 10_000, 26_000),
        ),
        # Ganin et al. 2016, whose photographs are those of BSDS500; here they are those of CIFAR-10
        "mnist_m": Blended(
            summary="Handwritten digits over photographs",
            cite=("ganin2016domain", "lecun1998gradient", "krizhevsky2009tiny"),
            defaults=_GRAY_28 | DESCRIBED | _CONVOLVED,
            of="mnist",
            over="cifar10",
            shape=(28, 28, 3),
            classes=_DIGITS,
        ),
        # Xiao, Rasul, Vollgraf 2017
        "fashion_mnist": ImageArchives(
            summary="Clothes",
            cite=("xiao2017fashion",),
            defaults=_GRAY_28 | DESCRIBED | _CONVOLVED,
            shape=(28, 28, 1),
            classes=("t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"),
            num_train=50_000,
            format="idx",
            torchvision="FashionMNIST/raw",
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
            summary="Cursive Japanese characters",
            cite=("clanuwat2018kmnist",),
            defaults=_GRAY_28 | DESCRIBED | _CONVOLVED,
            shape=(28, 28, 1),
            classes=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
            num_train=50_000,
            format="idx",
            torchvision="KMNIST/raw",
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
            summary="Animals and vehicles",
            cite=("krizhevsky2009tiny",),
            classifier=("cifar10", 3),
            defaults=_GRAY_28 | {"generator_widths": (1200, 1200), "maxout_pieces": 5, **EVALUATED, **_CONVOLVED},
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
            torchvision="cifar-10-batches-py",
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
            summary="Faces of the Toronto Face Database",
            cite=("susskind2010tfd",),
            defaults=_GRAY_28 | {"generator_widths": (1200, 1200), "maxout_pieces": 5},
            shape=(48, 48, 1),
            classes=_EXPRESSIONS,
            filename="TFD_48x48.mat",
            folds=5,
            owners="the University of Toronto's machine learning group",
        ),
        # Alpaydin and Kaynak 1998: the 1 797 test digits of the UCI set, as scikit-learn ships them
        "digits": Embedded(
            summary="Small handwritten digits",
            cite=("alpaydin1998digits",),
            classifier=("digits", 1),
            defaults={
                "num_steps": 16_000,
                "latent_size": 64,
                "generator_widths": (256, 256),
                "discriminator_widths": (128, 128),
                "maxout_pieces": 3,
                "input_dropout": 0.0,
                "hidden_dropout": (0.3,),
                "instance_noise": 0.2,
                "generator_init_range": 0.05,
                "generator_learning_rate": 1e-3,
                "discriminator_learning_rate": 1e-3,
                "learning_rate_divisor": 1.0002,
                "sample_every": 1000,
                "checkpoint_every": 2000,
                "evaluate_every": 2000,
                "metrics": ("fid", "modes"),
            },
            shape=(8, 8, 1),
            classes=_DIGITS,
            num_train=1297,
            num_validation=250,
        ),
        # The 1-D game of Figure 1
        "gaussian": Mixture(
            summary="One Gaussian, the game of Figure 1",
            defaults=_POINTS
            | {
                "num_steps": 4000,
                "latent_size": 1,
                "generator_widths": (32, 32),
                "discriminator_widths": (32, 32),
                "maxout_pieces": 2,
                "generator_learning_rate": 1e-3,
                "discriminator_learning_rate": 1e-3,
                "log_every": 100,
                "sample_every": 1000,
                "checkpoint_every": 100,
                "keep": 40,  # the stages of Figure 1
            },
            centers=((0.0,),),
            standard_deviation=1.0,
        ),
        # A Gaussian of which every conditional is known, of strong and weak, positive and negative correlations
        "gaussian_5d": Mixture(
            summary="One Gaussian in five dimensions, correlated",
            defaults=_POINTS
            | {
                "num_steps": 10_000,
                "latent_size": 5,
                "prior": "gaussian",
                "generator_widths": (128, 128),
                "discriminator_widths": (64, 64),
                "maxout_pieces": 3,
                "generator_learning_rate": 5e-4,
                "discriminator_learning_rate": 5e-4,
                "learning_rate_divisor": 1.0003,
            },
            centers=((0.0,) * 5,),
            standard_deviation=1.0,
            correlation=(
                (1.0, 0.8, 0.5, -0.4, 0.0),
                (0.8, 1.0, 0.6, -0.3, 0.2),
                (0.5, 0.6, 1.0, 0.1, 0.4),
                (-0.4, -0.3, 0.1, 1.0, 0.6),
                (0.0, 0.2, 0.4, 0.6, 1.0),
            ),
        ),
        # The ring and the grid of Lin et al. 2018 (PacGAN), after Srivastava et al. 2017 (VEEGAN)
        "ring": Mixture(
            summary="Eight Gaussians on a circle",
            cite=("lin2018pacgan",),
            defaults=_POINTS
            | {
                "num_steps": 10_000,
                "packing": 2,
                "latent_size": 2,
                "generator_widths": (128, 128),
                "discriminator_widths": (64, 64),
                "maxout_pieces": 3,
                "generator_learning_rate": 5e-4,
                "discriminator_learning_rate": 5e-4,
                "learning_rate_divisor": 1.0003,
            },
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
            summary="25 Gaussians on a square grid",
            cite=("lin2018pacgan",),
            defaults=_POINTS
            | {
                "num_steps": 20_000,
                "packing": 2,
                "latent_size": 2,
                "generator_widths": (128, 128, 128, 128),  # deep: between 25 places there are many edges to draw
                "discriminator_widths": (64, 64, 64),
                "maxout_pieces": 3,
                "generator_learning_rate": 1e-3,
                "discriminator_learning_rate": 1e-3,
                "learning_rate_divisor": 1.00015,
                "evaluate_every": 5000,
            },
            centers=tuple((float(x), float(y)) for x in range(-4, 5, 2) for y in range(-4, 5, 2)),
            standard_deviation=0.05,
        ),
    },
)


# By data set: its classifier, and how many of the classifier's channels an image has.
CLASSIFIED = {name: entry.classifier for name, entry in DATASETS.items() if entry.classifier}


def is_path(name: str) -> bool:
    """Return whether ``name`` means your images: a path, and no data set of the catalog."""
    if name in DATASETS:
        return False
    path = Path(name)
    return len(path.parts) > 1 or name.startswith(".") or path.suffix.lower() in FILES or path.exists()
