"""The configuration of a run: one frozen dataclass, the only place where a default is written, and its JSON."""

import dataclasses
import json
from typing import Any, Self

from gancli.errors import GancliError, UsageError
from gancli.registry import suggestion


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Everything that decides a training run: same config, same machine, same run, bit for bit.

    The defaults are those of any data set that :mod:`gancli.presets` says nothing else about.
    """

    dataset: str
    seed: int = 0

    # The game
    loss: str = "non-saturating"
    k: int = 1  # discriminator updates per generator update (Algorithm 1)
    updates: str = "alternating"  # or "simultaneous": both gradients at the same parameters on the same fakes
    num_steps: int = 10_000  # generator updates
    batch_size: int = 100  # images per discriminator update
    instance_noise: float = 0.0  # standard deviation of Gaussian noise on the discriminator's inputs, data units

    # The networks
    model: str = "mlp"
    prior: str = "uniform"
    latent_size: int = 100
    generator_widths: tuple[int, ...] = (1200, 1200)  # hidden units per layer
    discriminator_widths: tuple[int, ...] = (240, 240)  # maxout units per layer
    maxout_pieces: int = 5
    input_dropout: float = 0.2  # share of the discriminator's inputs that is dropped
    hidden_dropout: float = 0.5
    generator_init_range: float | None = None  # weights uniform on ± this; None: He et al. 2015
    discriminator_init_range: float | None = None

    # The optimiser
    optimizer: str = "adam"
    generator_learning_rate: float = 2e-4
    discriminator_learning_rate: float = 2e-4
    momentum: float = 0.5  # Adam's beta1, or SGD's momentum at the start
    final_momentum: float | None = None  # SGD: reached linearly, epoch by epoch; None: constant
    momentum_epochs: int = 250  # epoch at which SGD reaches final_momentum
    learning_rate_divisor: float = 1.0  # learning rates are divided by this at every update ...
    min_learning_rate: float = 1e-6  # ... down to this
    ema_decay: float = 0.9995  # of the average of G's weights, per generator update; 0: no averaging

    # What is kept
    log_every: int = 100  # steps
    sample_every: int = 500
    checkpoint_every: int = 1000
    keep: int = 3  # newest checkpoints that stay, beside the best one

    # Evaluation while training
    evaluate_every: int = 0  # steps; 0: never
    metrics: tuple[str, ...] = ("fid",)  # the first one says which checkpoint is the best
    evaluate_samples: int = 2500
    patience: int = 0  # evaluations without a better one after which training stops; 0: never

    def __post_init__(self) -> None:
        """Refuse values that no run can have.

        Raises:
            UsageError: names the option, its value and the rule.
        """
        positive = ("k", "num_steps", "batch_size", "latent_size", "maxout_pieces", "momentum_epochs", "log_every")
        for name in (*positive, "sample_every", "checkpoint_every", "keep"):
            self._require(name, getattr(self, name) >= 1, "must be at least 1")
        for name in ("generator_widths", "discriminator_widths"):
            self._require(name, all(width >= 1 for width in getattr(self, name)), "must all be at least 1")
        for name in ("input_dropout", "hidden_dropout", "momentum", "ema_decay"):
            self._require(name, 0 <= getattr(self, name) < 1, "must be in [0, 1)")
        for name in ("generator_learning_rate", "discriminator_learning_rate"):
            self._require(name, getattr(self, name) > 0, "must be above 0")
        for name in ("evaluate_every", "patience"):
            self._require(name, getattr(self, name) >= 0, "must be at least 0")
        self._require("evaluate_samples", self.evaluate_samples >= 20, "must be at least 20")
        self._require("metrics", len(self.metrics) > 0, "must name at least one")
        self._require("instance_noise", self.instance_noise >= 0, "must be at least 0")
        self._require("seed", 0 <= self.seed < 2**32, "must be in [0, 2^32)")

    def _require(self, name: str, holds: bool, rule: str) -> None:
        if not holds:
            raise UsageError(f"--{option_name(name)} {rule}, got {getattr(self, name)}.")

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain JSON values."""
        return json.loads(json.dumps(dataclasses.asdict(self)))

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Build a configuration from JSON values.

        Raises:
            GancliError: a key is unknown, or the values break a rule.
        """
        fields = [field.name for field in dataclasses.fields(cls)]
        for name in values:
            if name not in fields:
                raise GancliError(f"unknown configuration key '{name}'.{suggestion(name, fields)}")
        plain: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in values.items()}
        return cls(**plain)


def option_name(field: str) -> str:
    """Return the command-line option of a configuration field, without its dashes."""
    return {"num_steps": "steps"}.get(field, field.replace("_", "-"))
