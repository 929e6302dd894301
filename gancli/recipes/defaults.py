"""Defaults that belong to a data set, a model or a loss: what a configuration starts from."""

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
RESIDUAL: dict[str, Any] = _CONVOLUTIONAL | {"model": "resnet", "momentum": 0.0}
# Huang et al. 2024 (R3GAN): both penalties hold D's slope.
HELD: dict[str, Any] = {"loss": "relativistic", "penalty": ("r1", "r2"), "penalty_weight": 0.05}
_QUICK: dict[str, Any] = {"generator_learning_rate": 1e-3, "discriminator_learning_rate": 1e-3}
# What a model needs, over the data set's defaults; a preset's stay. So held, D bears rates at which both learn several
# times as fast as with spectral norms and the papers' 2e-4 (docs/lab/results.md).
MODEL_DEFAULTS: dict[str, dict[str, Any]] = {
    "dcgan": _CONVOLUTIONAL | HELD | _QUICK,
    "resnet": RESIDUAL | HELD | _QUICK,
}

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
    "mmd": {
        "always": {"game": "matching", "penalty": (), "instance_noise": 0.0, "k": 1, "packing": 1},
        "images": {"batch_size": 500},
    },
    "feature-matching": {"points": {"batch_size": 512}},  # means of few examples vary much
    "relativistic": {"always": {"penalty": ("r1", "r2"), "penalty_weight": 1.0}},
}
