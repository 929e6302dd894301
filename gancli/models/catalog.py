"""The model families by the names used on the command line, and models of a user's own file. No libraries.

A model is added by its networks and builders, in a file of this folder, and one entry here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gancli import own_files
from gancli.errors import UsageError
from gancli.registry import Entry, Registry, lazy

if TYPE_CHECKING:
    from flax import nnx

Builder = Callable[..., "nnx.Module"]  # (config, data_shape, bounded, data_mean, rngs) to a network


@dataclass(frozen=True)
class Architecture(Entry):
    """A family of networks: a generator or a translator, and discriminators by what a loss may need one to be.

    Builders take ``(config, data_shape, bounded, data_mean, rngs)``. A generator maps latents ``[B, Z]`` to examples
    ``[B, *data_shape]``, in [0, 1] where they are ``bounded``; a translator maps examples to examples; a discriminator,
    called with examples and the key of its dropout (or None), returns a
    :class:`gancli.models.layers.parts.DiscriminatorOutput`, or if it is several, a ``SeveralOutput``.
    """

    generator: Builder | None  # None: the family translates
    # A "scorer", perhaps an "autoencoder"; or "patches", perhaps "plain patches".
    discriminators: Mapping[str, Builder] = field(hash=False)
    convolves: bool = False
    translator: Builder | None = None
    class_translator: Builder | None = None  # of a translator to classes: it also takes their number
    has_noise: bool = False  # whether its translator also takes a key, which decides among several answers
    attends: bool = False  # whether its translator also has ``attended``, see gancli.models.layers.attention.Attended
    translator_bounds: tuple[str, ...] = ()  # what holds the weights of translators: "rho", see gancli.training.player
    discriminator_bounds: tuple[str, ...] = ()  # of discriminators, beside those of --penalty: "spectral-norm"
    own_init: bool = False  # whether first weights are those of its paper; else they are as in He et al. 2015
    # Settings it brings in the place of the data set's.
    defaults: dict[str, Any] = field(default_factory=dict, hash=False, compare=False, kw_only=True)

    def drawing(self, name: str) -> Builder:
        """Return what builds a generator.

        Raises:
            UsageError: the family, called ``name``, has none.
        """
        if self.generator is None:
            able = ", ".join(other for other, family in MODELS.items() if family.generator)
            raise UsageError(f"--model {name} draws no samples: it translates images. Use: {able}.")
        return self.generator

    def translating(self, name: str, *, attends: bool = False) -> Builder:
        """Return what builds a translator; ``attends``: for a game that also trains those with attention.

        Raises:
            UsageError: the family, called ``name``, has none.
        """
        if self.translator is None:
            fits = {other: family for other, family in MODELS.items() if attends or not family.attends}
            able = ", ".join(other for other, family in fits.items() if family.translator)
            raise UsageError(f"--model {name} does not translate images. Use: {able}.")
        return self.translator

    def translating_to_classes(self, name: str) -> Builder:
        """Return what builds a translator to classes.

        Raises:
            UsageError: the family, called ``name``, has none.
        """
        if self.class_translator is None:
            able = ", ".join(other for other, family in MODELS.items() if family.class_translator)
            raise UsageError(f"--model {name} does not translate images to classes. Use: {able}.")
        return self.class_translator

    def discriminator(self, kind: str, name: str) -> Builder:
        """Return what builds a discriminator of a kind.

        Raises:
            UsageError: the family, called ``name``, has none of that kind.
        """
        if kind not in self.discriminators:
            able = ", ".join(other for other, family in MODELS.items() if kind in family.discriminators)
            raise UsageError(f"--model {name} has no {kind} for a discriminator, which the loss needs. Use: {able}.")
        return self.discriminators[kind]


_CONVOLUTIONAL: dict[str, Any] = {
    "batch_size": 64,
    "prior": "gaussian",
    "latent_size": 128,
    "instance_noise": 0.0,
    "input_dropout": 0.0,
    "hidden_dropout": (0.0,),
    "generator_init_range": None,
    "discriminator_init_range": None,
    "generator_learning_rate": 2e-4,
    "discriminator_learning_rate": 2e-4,
    "learning_rate_divisor": 1.0,
    "momentum": 0.5,
    "ema_decay": 0.999,
}
# Of residual networks before anything is said of the loss: presets begin here, too.
RESIDUAL: dict[str, Any] = _CONVOLUTIONAL | {"model": "resnet", "momentum": 0.0}
# Huang et al. 2024 (R3GAN): both penalties bound D's slope, the more the larger the images. Over the run rates fall and
# Adam's beta2 rises from 0.9: with a long memory of small gradients, a large one is a leap, and a game of thousands of
# steps can break within ten. Unlike there, the penalties keep their weight (docs/lab/results.md).
HELD: dict[str, Any] = {
    "loss": "relativistic",
    "penalty": ("r1", "r2"),
    "penalty_weight": None,
    "momentum": 0.0,
    "beta2": 0.9,
    "final_beta2": 0.99,
    "final_rate": 0.3,
    "on_spike": "cut",
}
# So bounded, D bears rates at which both learn several times as fast as with spectral norms and the papers' 2e-4.
_QUICK: dict[str, Any] = {"generator_learning_rate": 1e-3, "discriminator_learning_rate": 1e-3}

# Salimans et al. 2016, their code for MNIST.
_NOISY: dict[str, Any] = {
    "batch_size": 100,
    "generator_widths": (500, 500),
    "discriminator_widths": (1000, 500, 250, 250, 250),
    "instance_noise": 0.3,
    "input_dropout": 0.0,
    "hidden_dropout": (0.0,),
    "generator_init_range": None,
    "discriminator_init_range": None,
    "generator_learning_rate": 3e-3,
    "discriminator_learning_rate": 3e-3,
    "learning_rate_divisor": 1.0,
    "momentum": 0.5,
    "ema_decay": 0.9999,
}

# Zhu et al. 2017, §4, but narrower, for few cores and 64 pixels; rates fall to nearly zero in the second half.
_TRANSLATING: dict[str, Any] = {
    "batch_size": 1,
    "base_channels": 32,
    "blocks": 4,
    "instance_noise": 0.0,
    "input_dropout": 0.0,
    "hidden_dropout": (0.0,),
    "generator_init_range": None,
    "discriminator_init_range": None,
    "generator_learning_rate": 2e-4,
    "discriminator_learning_rate": 2e-4,
    "learning_rate_divisor": 1.0,
    "momentum": 0.5,
    "final_rate": 0.01,
    "schedule": "late-linear",
    "ema_decay": 0.999,
}

MODELS: Registry[Architecture] = Registry(
    "model",
    {
        "mlp": Architecture(
            lazy("gancli.models.mlp:generator"),
            {
                "scorer": lazy("gancli.models.mlp:discriminator"),
                "autoencoder": lazy("gancli.models.mlp:autoencoder"),
            },
            summary="The fully connected networks of the 2014 paper: rectifiers against maxout with dropout.",
            use="The default for points, mnist, stacked_mnist, tfd and digits; fast on any machine.",
            cite=("goodfellow2014gan", "goodfellow2013maxout"),
        ),
        "maxout-conv": Architecture(
            lazy("gancli.models.maxout_conv:generator"),
            {"scorer": lazy("gancli.models.maxout_conv:discriminator")},
            convolves=True,
            summary="The convolutional networks of the 2014 paper for CIFAR-10: maxout, pooling, one deconvolution.",
            use="To reproduce the paper; square images only. For anything else take dcgan.",
            cite=("goodfellow2014gan", "goodfellow2013maxout"),
        ),
        "dcgan": Architecture(
            lazy("gancli.models.dcgan:generator"),
            {"scorer": lazy("gancli.models.dcgan:discriminator")},
            convolves=True,
            own_init=True,
            summary="Strided and transposed convolutions, the generator batch-normalized (Radford et al. 2016).",
            use="For images of 8 to 256 pixels; the default for cifar10, fashion_mnist, kmnist, mnist_m and your own.",
            cite=("radford2016unsupervised",),
            defaults=_CONVOLUTIONAL | HELD | _QUICK,
        ),
        "resnet": Architecture(
            lazy("gancli.models.resnet:generator"),
            {"scorer": lazy("gancli.models.resnet:discriminator")},
            convolves=True,
            summary="Residual convolutional networks (Miyato et al. 2018; Huang et al. 2024).",
            use="For the best images, several times slower than dcgan; take it where there is an accelerator.",
            cite=("miyato2018spectral", "huang2024r3gan"),
            defaults=RESIDUAL | HELD | _QUICK,
        ),
        "noisy-mlp": Architecture(
            lazy("gancli.models.noisy_mlp:generator"),
            {"scorer": lazy("gancli.models.noisy_mlp:discriminator")},
            summary="Weight-normalized dense layers with noise between them (Salimans et al. 2016).",
            use="For --game semi-supervised on small gray images.",
            cite=("salimans2016improved", "salimans2016weight"),
            defaults=_NOISY,
        ),
        "resnet-translator": Architecture(
            None,
            {
                "patches": lazy("gancli.models.patches:discriminator"),
                "plain patches": lazy("gancli.models.patches:plain_discriminator"),
            },
            convolves=True,
            own_init=True,
            translator=lazy("gancli.models.resnet_translator:translator"),
            class_translator=lazy("gancli.models.resnet_translator:translator"),
            summary="A residual translator of images, and a discriminator of patches (Zhu et al. 2017, CycleGAN).",
            use="For --game cycle, contrastive and attributes. Papers: --base-channels 64, --blocks 6 at 128 pixels.",
            cite=("johnson2016perceptual", "zhu2017unpaired", "isola2017image", "ulyanov2016instance"),
            defaults=_TRANSLATING,
        ),
        "unet-translator": Architecture(
            None,
            {"patches": lazy("gancli.models.patches:discriminator")},
            convolves=True,
            own_init=True,
            translator=lazy("gancli.models.unet_translator:translator"),
            has_noise=True,
            summary="A U-Net with dropout for latents, and a discriminator of patches (Isola et al. 2017, pix2pix).",
            use="For --game paired: shortcuts carry edges from the image to its translation.",
            cite=("isola2017image", "ronneberger2015unet", "ulyanov2016instance"),
            defaults={name: value for name, value in _TRANSLATING.items() if name != "blocks"},
        ),
        "ugatit": Architecture(
            None,
            {"patches": lazy("gancli.models.ugatit:discriminator")},
            convolves=True,
            own_init=True,
            translator=lazy("gancli.models.ugatit:translator"),
            attends=True,
            translator_bounds=("rho",),
            discriminator_bounds=("spectral-norm",),
            summary="Residual translators with attention, two discriminators a domain (Kim et al. 2020, U-GAT-IT).",
            use="For --game cycle; `gancli translate --attention` shows where it looks. The light form of the paper.",
            cite=("kim2020ugatit", "zhou2016learning", "miyato2018spectral", "johnson2016perceptual"),
            defaults=_TRANSLATING
            | {
                "generator_learning_rate": 1e-4,
                "discriminator_learning_rate": 1e-4,
                "identity_weight": 10.0,
                "history": 0,
            },
        ),
    },
)

OPTION = "--model"
RULE = (
    "a pair of builders (generator, discriminator), each of (config, data_shape, bounded, data_mean, rngs), or as a "
    "gancli.models.catalog.Architecture"
)


def architecture(name: str, kept: Mapping[str, str] | None = None) -> Architecture:
    """Return a model family by its name on the command line, or from a file as ``PATH.py:NAME``.

    Args:
        name: of a model.
        kept: what a run's record keeps of the file, see :func:`gancli.own_files.keep`; then the file is not read.

    Raises:
        UsageError: there is none of that name, or the file cannot be read or holds something else.
    """
    return own_files.choose(MODELS, OPTION, name, _accepted, RULE, kept)


def _accepted(found: Any) -> Architecture | None:
    if isinstance(found, tuple) and len(found) == 2 and all(callable(builder) for builder in found):
        generator, discriminator = found
        found = Architecture(generator, {"scorer": discriminator})
    return found if isinstance(found, Architecture) else None
