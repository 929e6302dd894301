"""Defaults that belong to a model or a loss: what a configuration starts from."""

from typing import Any

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
