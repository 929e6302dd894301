"""Recipes by name: what a configuration starts from when the user names one."""

from typing import Any

from gancli.data.catalog import EVALUATED
from gancli.recipes.defaults import HELD, MODEL_DEFAULTS, RESIDUAL
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
# R3GAN again: nothing is normalized. (Its beta2 rises to this from 0.9.)
_MODERN: dict[str, Any] = RESIDUAL | HELD | {"batch_norm": False, "mirror": True, "beta2": 0.99}
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
        # (docs/lab/results.md says which change bought what).
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
        # Held by R1 alone (Mescheder et al. 2018), D bears rates ten times as high, see docs/lab/results.md.
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
        # docs/lab/results.md says what these reached, and how far they were run.
        "cifar10-dcgan": MODEL_DEFAULTS["dcgan"]
        | EVALUATED
        | {
            "dataset": "cifar10",
            "model": "dcgan",
            "mirror": True,
            "num_steps": 100_000,
        },
        # Miyato et al. 2018, §4.1.
        "cifar10-resnet": RESIDUAL
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


def made_for(preset: str) -> str:
    """Return what a preset is to be trained on, for people."""
    dataset = PRESETS[preset].get("dataset")
    return f"data set '{dataset}'" if dataset else "your images"
