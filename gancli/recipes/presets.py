"""Recipes by name: what a configuration starts from when the user names one, and what it reached."""

from dataclasses import dataclass
from typing import Any

from gancli.data.catalog import DESCRIBED, EVALUATED, YOUR_IMAGES
from gancli.games.catalog import GAMES
from gancli.models.catalog import HELD, MODELS, RESIDUAL
from gancli.registry import Entry, Registry

FOR_SMALL_DATA = ("translation", "cutout")  # augmentation


@dataclass(frozen=True, kw_only=True)
class Preset(Entry):
    """A recipe."""

    dataset: str  # that it is for; empty: your own images
    reached: str  # what it was measured to reach, on which machine, in what time
    settings: dict[str, Any]  # fields of the configuration
    timed: bool = False  # whether a time decides how many steps it takes, as without a preset

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of the configuration that it sets, the data set among them where it has one."""
        return ({"dataset": self.dataset} if self.dataset else {}) | self.settings


# Goodfellow et al. 2014, the authors' published configurations. They halve the discriminator's loss; under gradient
# descent that is half its learning rate. One epoch is the training images // the batch.
_PUBLISHED: dict[str, Any] = {
    "loss": "non-saturating",
    "updates": "simultaneous",
    "k": 1,
    "batch_size": 100,
    "prior": "gaussian",
    "latent_size": 100,
    "maxout_pieces": 5,
    "input_dropout": 0.2,
    "hidden_dropout": (0.5,),
    "instance_noise": 0.0,
    "generator_init_range": 0.05,
    "discriminator_init_range": 0.005,
    "optimizer": "sgd",
    "momentum": 0.5,
    "final_momentum": 0.7,
    "momentum_epochs": 250,
    "learning_rate_divisor": 1.000004,
    "min_learning_rate": 1e-6,
    "ema_decay": 0.9995,
}
_MNIST: dict[str, Any] = {
    "prior": "uniform",
    "generator_widths": (1200, 1200),
    "discriminator_widths": (240, 240),
}
_CIFAR_10: dict[str, Any] = {
    "contrast": 55.0,
    "generator_widths": (8000, 8000),
    "generator_activations": ("relu", "sigmoid"),
}
# R3GAN again: nothing is normalized.
_MODERN: dict[str, Any] = RESIDUAL | HELD | {"batch_norm": False, "mirror": True}
# The presets of dcgan are as they were measured: nothing moves.
_DCGAN: dict[str, Any] = MODELS["dcgan"].defaults | {
    "penalty_weight": 0.05,
    "final_penalty": 1.0,
    "momentum": 0.5,
    "beta2": 0.999,
    "final_beta2": None,
    "final_rate": 1.0,
    "on_spike": "ignore",
}

_CORES = "two cores of an AMD EPYC"
_LONG = "Written for an accelerator; not run to any result here."

PRESETS: Registry[Preset] = Registry(
    "preset",
    {
        "goodfellow2014-mnist": Preset(
            dataset="mnist",
            summary="The authors' published configuration for MNIST, 250 epochs (Goodfellow et al. 2014).",
            reached=f"Parzen 210.3 ± 2.0 nats by averaged weights, 180.6 ± 0.5 by raw ones (paper: 225 ± 2), 3 seeds, "
            f"44 to 58 minutes a seed, {_CORES}.",
            use="To compare with Table 1 of the paper.",
            cite=("goodfellow2014gan",),
            settings=_PUBLISHED
            | _MNIST
            | {
                "num_steps": 125_000,  # 250 epochs
                "generator_learning_rate": 0.1,
                "discriminator_learning_rate": 0.05,
                "evaluate_every": 5000,
            },
        ),
        # Adam at constant rates, and a long average of the weights (docs/lab/results.md says which change bought what).
        "goodfellow2014-mnist-tuned": Preset(
            dataset="mnist",
            summary="The same networks and loss, tuned for Table 1: Adam, and a long average of the weights.",
            reached=f"Parzen 241.4 ± 3.6 nats by averaged weights (paper: 225 ± 2), 3 seeds, 5 minutes a seed, "
            f"{_CORES}.",
            use="To see what Parzen windows reward: smooth samples.",
            cite=("goodfellow2014gan", "kingma2015adam"),
            settings=_PUBLISHED
            | _MNIST
            | {
                "num_steps": 10_000,  # 20 epochs: then the validation images score best
                "updates": "alternating",
                "input_dropout": 0.0,
                "hidden_dropout": (0.3,),
                "instance_noise": 0.2,
                "optimizer": "adam",
                "final_momentum": None,
                "learning_rate_divisor": 1.0,
                "generator_learning_rate": 4e-4,
                "discriminator_learning_rate": 2e-4,
                "ema_decay": 0.99995,
                "ema_ramp": 1.5,
                "evaluate_every": 2500,
            },
        ),
        "goodfellow2014-tfd": Preset(
            dataset="tfd",
            summary="The authors' published configuration for the Toronto Face Database (Goodfellow et al. 2014).",
            reached="Not run: only the owners of the data hand it out.",
            use="To compare with Table 1 of the paper, if you have the data.",
            cite=("goodfellow2014gan",),
            settings=_PUBLISHED
            | {
                "num_steps": 22_000,  # 22 epochs of 100 000 unlabeled faces
                "generator_widths": (8000, 100),
                "generator_activations": ("relu", "sigmoid"),
                "sigmoid_bias": -2.0,
                "decoder_steps": 20_000,
                "discriminator_widths": (1200, 1200),
                "max_column_norm": 1.9365,
                "generator_learning_rate": 0.05,
                "discriminator_learning_rate": 0.025,
            },
        ),
        "goodfellow2014-cifar10-fc": Preset(
            dataset="cifar10",
            summary="The authors' fully connected networks for CIFAR-10, 250 epochs (Goodfellow et al. 2014).",
            reached="One of 250 epochs run (5 minutes on two cores): noise. All of them would take 17 hours.",
            use="To reproduce Figure 2 c of the paper.",
            cite=("goodfellow2014gan", "coates2011analysis"),
            settings=_PUBLISHED
            | _CIFAR_10
            | {
                "num_steps": 100_000,  # 250 epochs
                "output_init_range": 0.5,
                "discriminator_widths": (1600, 1600),
                "generator_learning_rate": 0.025,
                "discriminator_learning_rate": 0.0125,
            },
        ),
        "goodfellow2014-cifar10-conv": Preset(
            dataset="cifar10",
            summary="The authors' convolutional networks for CIFAR-10, 250 epochs (Goodfellow et al. 2014).",
            reached="A third of one epoch run (3 minutes on two cores): noise. All 250 would take 36 hours.",
            use="To reproduce Figure 2 d of the paper.",
            cite=("goodfellow2014gan", "goodfellow2013maxout", "coates2011analysis"),
            settings=_PUBLISHED
            | _CIFAR_10
            | {
                "num_steps": 78_000,  # 250 epochs
                "batch_size": 128,
                "model": "maxout-conv",
                "deconv_size": 5,
                "deconv_stride": 3,
                "conv_channels": (32, 32, 192),
                "conv_pieces": 2,
                "conv_sizes": (8, 8, 5),
                "conv_padding": (4, 3, 3),
                "pool_sizes": (4, 4, 2),
                "pool_strides": (2, 2, 2),
                "discriminator_widths": (500,),
                "generator_learning_rate": 0.004,
                "discriminator_learning_rate": 0.002,
            },
        ),
        # Bounded by R1 alone, D bears rates ten times as high, see docs/lab/results.md.
        "mnist-dcgan": Preset(
            dataset="mnist",
            summary="dcgan with R1, non-saturating, five epochs (Mescheder et al. 2018).",
            reached=f"Fréchet distance (mnist-classifier, 2,500 samples) 0.50, 0.46 and 0.58 by seeds 0 to 2, all ten "
            f"modes, 4 minutes a seed, {_CORES}.",
            use="For good digits in minutes.",
            cite=("radford2016unsupervised", "mescheder2018which"),
            settings=_DCGAN
            | EVALUATED
            | {
                "model": "dcgan",
                "batch_size": 32,
                "num_steps": 7812,  # five epochs
                "loss": "non-saturating",
                "penalty": ("r1",),
                "penalty_weight": 0.1,
                "generator_learning_rate": 2e-3,
                "discriminator_learning_rate": 2e-3,
                "evaluate_every": 3906,
            },
        ),
        # The authors' code, for a third of the epochs.
        "mnist-semi-supervised": Preset(
            dataset="mnist",
            summary="100 labels, feature matching, 100 epochs (after Salimans et al. 2016).",
            reached="135 and 153 of 10,000 test images wrong by seeds 0 and 1, 38 minutes on one core of an AMD EPYC "
            "with other jobs running (paper, after 300 epochs: 93 ± 6.5).",
            use="To classify digits of which few have labels.",
            cite=("salimans2016improved",),
            settings=MODELS["noisy-mlp"].defaults
            | {
                "game": "semi-supervised",
                "model": "noisy-mlp",
                "loss": "feature-matching",
                "labels": "100",
                "num_steps": 50_000,  # 100 epochs
                "evaluate_every": 2500,
                "metrics": ("classification",),
            },
        ),
        # Prior, batch, and sizes of G and E are the published ones; docs/inference.md has all that differs.
        "bigan-mnist": Preset(
            dataset="mnist",
            summary="BiGAN's dense networks without batch normalization, with R1: 25 epochs (Donahue et al. 2017).",
            reached="6.44 % wrong by the nearest neighbor on the encoder's features, one seed, one core of an AMD EPYC "
            "at 2,775 images/s when it was free (the log of the paper's code: 3.72 %).",
            use="To study learned inference with `gancli encode`.",
            cite=("donahue2017adversarial", "mescheder2018which"),
            settings=EVALUATED
            | {
                "game": "bidirectional",
                "num_steps": 9766,  # 25 epochs
                "batch_size": 128,
                "prior": "uniform",
                "latent_size": 50,
                "generator_widths": (1024, 1024),
                "encoder_widths": (1024, 1024),
                "discriminator_widths": (512, 512),
                "maxout_pieces": 2,
                "input_dropout": 0.0,
                "hidden_dropout": (0.0,),
                "penalty": ("r1",),
                "penalty_weight": 1.0,
                "generator_init_range": 0.05,
                "discriminator_init_range": 0.005,
                "generator_learning_rate": 5e-4,
                "discriminator_learning_rate": 5e-4,
                "ema_decay": 0.999,
            },
        ),
        "mnistm-cycle": Preset(
            dataset="mnist_m",
            summary="CycleGAN from MNIST-M to MNIST, without labels (Zhu et al. 2017; data of Ganin et al. 2016).",
            reached="89.6 % of classes kept (10.8 % untranslated; the aim is 90 %), none permuted, one seed, 54 "
            "minutes of one core of an Intel Xeon. Half of the steps: 83.7 ± 1.0 %, three seeds.",
            use="To see how many classes a translation without pairs keeps.",
            cite=("zhu2017unpaired", "ganin2016domain"),
            settings=MODELS["resnet-translator"].defaults
            | dict(GAMES["cycle"].defaults)
            | {
                "game": "cycle",
                "to_domain": "mnist",
                "mirror": False,
                # The background of an image is not in its digit, so that the cycle loss must not weigh much. Of what
                # was tried these settings together kept most classes, and the loss alone makes much of it
                # (docs/translation.md).
                "cycle_weight": 2.0,
                "identity_weight": 1.0,
                "loss": "relativistic",
                "penalty": ("r1", "r2"),
                "penalty_weight": 0.05,
                "patch_layers": 2,
                "batch_size": 16,
                "base_channels": 12,
                "blocks": 3,
                "num_steps": 12_000,
                "generator_learning_rate": 1e-3,
                "discriminator_learning_rate": 1e-3,
                "evaluate_every": 3000,
            },
        ),
        "cifar10-dcgan": Preset(
            dataset="cifar10",
            summary="dcgan, relativistic with R1 and R2, images mirrored.",
            reached=f"Fréchet distance (cifar10-classifier, 2,500 samples) 1.37 after 10,000 of 100,000 steps, all ten "
            f"modes, 29 minutes, one seed, {_CORES}.",
            use="For CIFAR-10 without an accelerator; --steps 10000 gives outlines.",
            cite=("radford2016unsupervised", "huang2024r3gan"),
            settings=_DCGAN | EVALUATED | {"model": "dcgan", "mirror": True, "num_steps": 100_000},
        ),
        # §4.1 of the paper.
        "cifar10-resnet": Preset(
            dataset="cifar10",
            summary="resnet with spectral norms and the hinge loss (Miyato et al. 2018, SNGAN).",
            reached=_LONG,
            use="To compare with the paper's networks.",
            cite=("miyato2018spectral", "lim2017geometric"),
            settings=RESIDUAL
            | EVALUATED
            | {"loss": "hinge", "penalty": ("spectral-norm",), "k": 5, "beta2": 0.9, "num_steps": 100_000},
        ),
        "cifar10-modern": Preset(
            dataset="cifar10",
            summary="resnet without normalization, relativistic with R1 and R2 (Huang et al. 2024, R3GAN).",
            reached="Written for an accelerator; not run to any result here: on two cores it would take 25 days.",
            use="For the best CIFAR-10, where there is an accelerator.",
            cite=("huang2024r3gan",),
            settings=_MODERN | EVALUATED | {"blocks": 2, "num_steps": 200_000},
        ),
        "small-data": Preset(
            dataset="",
            summary="Differentiable augmentation of all that D sees (Zhao et al. 2020, DiffAugment).",
            reached="Fréchet distance (cifar10-classifier, 10,000 samples) to images that were not trained on: 1.51 "
            "from 300 photographs of CIFAR-10, 5.04 without augmentation; 1.23 and 2.88 from 1,000; 1.19 and 1.58 from "
            "3,000. "
            f"--base-channels 32 --steps 6000, 9 minutes, one seed, {_CORES}.",
            use="For augmentation of any number of your own images; of fewer than 5,000 it is the default.",
            cite=("zhao2020differentiable",),
            timed=True,
            settings=YOUR_IMAGES | MODELS["dcgan"].defaults | {"augment": FOR_SMALL_DATA},
        ),
        "faces-64": Preset(
            dataset="",
            summary="resnet, nothing normalized, relativistic with R1 and R2, at 64 pixels (Huang et al. 2024, R3GAN).",
            reached=_LONG,
            use="For thousands of similar images, such as faces, where there is an accelerator.",
            cite=("huang2024r3gan",),
            settings=_MODERN | DESCRIBED | {"resolution": 64, "num_steps": 200_000},
        ),
    },
)


def made_for(preset: str) -> str:
    """Return what a preset is to be trained on, for people."""
    dataset = PRESETS[preset].dataset
    return f"data set '{dataset}'" if dataset else "your own images"
