"""Defaults that belong to a model or an objective, and recipes by name: what a configuration starts from."""

from typing import Any

from gancli.config import TrainConfig
from gancli.data.catalog import DATASETS, EVALUATED, YOUR_IMAGES, Mixture, is_path
from gancli.errors import UsageError
from gancli.registry import Registry

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
    "dataset": "mnist",
    "prior": "uniform",
    "generator_widths": (1200, 1200),
    "discriminator_widths": (240, 240),
}
_CIFAR_10: dict[str, Any] = {
    "dataset": "cifar10",
    "contrast": 55.0,
    "generator_widths": (8000, 8000),
    "generator_activations": ("relu", "sigmoid"),
}
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
_RESIDUAL: dict[str, Any] = _CONVOLUTIONAL | {"model": "resnet", "momentum": 0.0}
# Huang et al. 2024 (R3GAN): both penalties hold D's slope.
_HELD: dict[str, Any] = {"loss": "relativistic", "penalty": ("r1", "r2"), "penalty_weight": 0.05}
_QUICK: dict[str, Any] = {"generator_learning_rate": 1e-3, "discriminator_learning_rate": 1e-3}
# What a model needs, over the data set's defaults; a preset's stay. So held, D bears rates at which both learn several
# times as fast as with spectral norms and the papers' 2e-4 (docs/RESULTS.md).
MODEL_DEFAULTS: dict[str, dict[str, Any]] = {
    "dcgan": _CONVOLUTIONAL | _HELD | _QUICK,
    "resnet": _RESIDUAL | _HELD | _QUICK,
}
# R3GAN again: nothing is normalized. (Its beta2 rises to this from 0.9.)
_MODERN: dict[str, Any] = _RESIDUAL | _HELD | {"batch_norm": False, "mirror": True, "beta2": 0.99}
PRESETS: Registry[dict[str, Any]] = Registry(
    "preset",
    {
        "goodfellow2014-mnist": _PUBLISHED
        | _MNIST
        | {
            "num_steps": 125_000,  # 250 epochs
            "generator_learning_rate": 0.1,
            "discriminator_learning_rate": 0.05,
            "evaluate_every": 5000,
        },
        # The same networks and objective, tuned for Table 1: Adam at constant rates, and a long average of the weights
        # (docs/RESULTS.md says which change bought what).
        "goodfellow2014-mnist-tuned": _PUBLISHED
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
        "goodfellow2014-tfd": _PUBLISHED
        | {
            "dataset": "tfd",
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
        "goodfellow2014-cifar10-fc": _PUBLISHED
        | _CIFAR_10
        | {
            "num_steps": 100_000,  # 250 epochs
            "output_init_range": 0.5,
            "discriminator_widths": (1600, 1600),
            "generator_learning_rate": 0.025,
            "discriminator_learning_rate": 0.0125,
        },
        "goodfellow2014-cifar10-conv": _PUBLISHED
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
        # Held by R1 alone (Mescheder et al. 2018), D bears rates ten times as high, see docs/RESULTS.md.
        "mnist-dcgan": MODEL_DEFAULTS["dcgan"]
        | EVALUATED
        | {
            "dataset": "mnist",
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
        # docs/RESULTS.md says what these reached, and how far they were run.
        "cifar10-dcgan": MODEL_DEFAULTS["dcgan"]
        | EVALUATED
        | {
            "dataset": "cifar10",
            "model": "dcgan",
            "mirror": True,
            "num_steps": 100_000,
        },
        # Miyato et al. 2018, §4.1.
        "cifar10-resnet": _RESIDUAL
        | EVALUATED
        | {
            "dataset": "cifar10",
            "loss": "hinge",
            "penalty": ("spectral-norm",),
            "k": 5,
            "beta2": 0.9,
            "num_steps": 100_000,
        },
        "cifar10-modern": _MODERN | EVALUATED | {"dataset": "cifar10", "blocks": 2, "num_steps": 200_000},
        "faces-64": _MODERN | {"resolution": 64, "num_steps": 200_000},
    },
)


# What an objective needs where the defaults are made for another: "always", and of "points", of "images" or of one data
# set; a preset's stay.
LOSS_DEFAULTS: dict[str, dict[str, dict[str, Any]]] = {
    "absolute": {"always": {"penalty": ("r1",), "penalty_weight": 0.1}},  # keeps D(1 - D), G's gradient, above zero
    "wasserstein": {"always": {"penalty": ("gradient-penalty",), "penalty_weight": 1.0}},
    "energy": {
        "always": {"pulling_away": 0.1},
        "points": {"discriminator_learning_rate": 1e-4},
        "images": {"instance_noise": 0.0, "margin": 50.0},  # about the variance of MNIST's pixels, summed
        "digits": {"instance_noise": 0.2, "margin": 10.0},
        "grid": {"discriminator_learning_rate": 1e-3, "margin": 10.0},  # about the square of its width
    },
    "mmd": {"always": {"penalty": (), "instance_noise": 0.0, "k": 1, "packing": 1}, "images": {"batch_size": 500}},
    "feature-matching": {"points": {"batch_size": 512}},  # means of few examples vary much
    "relativistic": {"always": {"penalty": ("r1", "r2"), "penalty_weight": 1.0}},
}


def made_for(preset: str) -> str:
    """Return what a preset is to be trained on, for people."""
    dataset = PRESETS[preset].get("dataset")
    return f"data set '{dataset}'" if dataset else "one's own pictures"


def resolve(dataset: str, preset: str | None, options: dict[str, Any]) -> TrainConfig:
    """Build a configuration: what the user said, over the objective's defaults, over the preset or the data set's.

    Args:
        dataset: a name of the catalog, or a path of one's own pictures.
        preset: a recipe; it takes the place of the data set's defaults.
        options: the fields that the user set.

    Raises:
        UsageError: a name is unknown, the preset is for another data set, or a value breaks a rule.
    """
    own = is_path(dataset)
    points = not own and isinstance(DATASETS[dataset], Mixture)
    base = YOUR_IMAGES if own else dict(DATASETS[dataset].defaults)
    if preset is not None:
        base = PRESETS[preset]
        if base.get("dataset") != (None if own else dataset):
            raise UsageError(f"preset '{preset}' is for {made_for(preset)}, not '{dataset}'.")
    else:
        base = base | MODEL_DEFAULTS.get(options.get("model", base.get("model", TrainConfig.model)), {})
    made_for_it = base.get("loss", TrainConfig.loss)
    loss = options.get("loss", made_for_it)
    kinds = ("always",) if preset else ("always", "points" if points else "images", dataset)
    for kind in kinds if loss != made_for_it else ():
        base = base | LOSS_DEFAULTS.get(loss, {}).get(kind, {})
    values: dict[str, Any] = {"dataset": dataset} | base | options
    return TrainConfig(**values)
