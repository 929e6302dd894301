"""Defaults that belong to a data set; those of a model or a loss stand in its entry."""

from typing import Any

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
DATASET_DEFAULTS: dict[str, dict[str, Any]] = {
    "mnist": _GRAY_28 | EVALUATED,
    "fashion_mnist": _GRAY_28,
    "kmnist": _GRAY_28,
    "tfd": _GRAY_28 | {"generator_widths": (1200, 1200), "maxout_pieces": 5},
    "cifar10": _GRAY_28 | {"generator_widths": (1200, 1200), "maxout_pieces": 5, **EVALUATED},
    "stacked_mnist": _GRAY_28 | {"generator_widths": (1200, 1200), "maxout_pieces": 5, **EVALUATED},
    "digits": {
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
    "gaussian": _POINTS
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
    "ring": _POINTS
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
    "grid": _POINTS
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
}
OWN_PICTURES: dict[str, Any] = {"model": "dcgan", "num_steps": 20_000}
