"""The configuration of a run: one frozen dataclass, the only place where a default is written, and its JSON."""

import dataclasses
import json
from typing import Any, Self

from gancli.errors import GancliError, UsageError
from gancli.registry import suggestion

STREAM = ("auto", "always", "never")


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Everything that decides a training run: same config, same machine, same run, bit for bit.

    The defaults are those of any data set that :mod:`gancli.recipes.presets` says nothing else about.
    """

    dataset: str  # a name of the catalog, or the path of one's own pictures
    seed: int = 0

    # One's own pictures
    resolution: int = 0  # pixels of both sides; 0: chosen by the pictures
    crop: str = "center"  # or "random" or "none"
    channels: str = "auto"  # or "1", "3" or "4"
    mirror: bool = False  # every image is met as it is or, as often, mirrored; of any data set of images

    # The game
    game: str = "adversarial"  # or "matching", of a generator alone
    loss: str = "non-saturating"
    k: int = 1  # discriminator updates per generator update (Algorithm 1)
    updates: str = "alternating"  # or "simultaneous": both gradients at the same parameters on the same fakes
    num_steps: int = 10_000  # generator updates
    batch_size: int = 100  # images per discriminator update
    instance_noise: float = 0.0  # standard deviation of Gaussian noise on the discriminator's inputs, data units
    augment: tuple[str, ...] = ()  # random changes of the discriminator's inputs: color, translation, cutout
    conditional: bool = False  # both networks are told the class of an image
    packing: int = 1  # examples that the discriminator judges at once
    penalty: tuple[str, ...] = ()  # on the discriminator's slope, or bounds on its weights
    penalty_weight: float = 10.0  # of those on its slope
    clip_limit: float = 0.01  # of the penalty "clip": the largest weight
    margin: float = 1.0  # of the loss "energy": up to which the energy of samples is pushed
    pulling_away: float = 0.0  # weight of the term that keeps the codes of samples apart

    # The networks
    model: str = "mlp"
    contrast: float = 0.0  # images are centered and scaled to this length (global contrast normalization); 0: in [0, 1]
    prior: str = "uniform"
    latent_size: int = 100
    generator_widths: tuple[int, ...] = (1200, 1200)  # hidden units per layer
    generator_activations: tuple[str, ...] = ("relu",)  # one for each of these layers, or one for all
    sigmoid_bias: float = 0.0  # at which the biases of G's sigmoid layers start
    decoder_steps: int = 0  # G's output layer starts as the decoder of an autoencoder trained so long; 0: random
    discriminator_widths: tuple[int, ...] = (240, 240)  # maxout units per layer
    maxout_pieces: int = 5
    input_dropout: float = 0.2  # share of the discriminator's inputs that is dropped
    hidden_dropout: tuple[float, ...] = (0.5,)  # one rate for each later layer, or one for all
    generator_init_range: float | None = None  # weights uniform on ± this; None: He et al. 2015
    output_init_range: float | None = None  # of G's last layer; None: as its others
    discriminator_init_range: float | None = None
    max_column_norm: float = 0.0  # no unit's incoming weights grow longer than this; 0: no limit

    precision: str = "float32"  # or "bf16": what networks compute in while training; weights and losses stay float32
    microbatch: int = 0  # images that are in a network at once while gradients are taken; 0: the whole batch
    remat: bool = False  # activations are computed again on the way back instead of kept

    # The networks of the model maxout-conv, beside these: D's convolutions, G's transposed one
    conv_channels: tuple[int, ...] = (32, 32, 192)
    conv_pieces: int = 2
    conv_sizes: tuple[int, ...] = (8, 8, 5)  # pixels
    conv_padding: tuple[int, ...] = (4, 3, 3)  # pixels on each side
    pool_sizes: tuple[int, ...] = (4, 4, 2)
    pool_strides: tuple[int, ...] = (2, 2, 2)
    deconv_size: int = 5
    deconv_stride: int = 3

    # The networks of the models dcgan and resnet
    base_channels: int = 64  # of the largest maps; half the size, twice the channels, up to eight times
    blocks: int = 1  # of resnet, at each size
    batch_norm: bool = True  # whether the generator is batch-normalized

    # The optimizer
    optimizer: str = "adam"
    generator_learning_rate: float = 2e-4
    discriminator_learning_rate: float = 2e-4
    momentum: float = 0.5  # Adam's beta1, or SGD's momentum at the start
    beta2: float = 0.999  # Adam's second decay rate
    final_momentum: float | None = None  # SGD: reached linearly, epoch by epoch; None: constant
    momentum_epochs: int = 250  # epoch at which SGD reaches final_momentum
    learning_rate_divisor: float = 1.0  # learning rates are divided by this at every update ...
    min_learning_rate: float = 1e-6  # ... down to this
    ema_decay: float = 0.9995  # of the average of G's weights, per generator update; 0: no averaging
    ema_ramp: float = 9.0  # at step n the average reaches back no further than about n / ramp steps

    # The machine
    devices: int = 0  # that share each batch; 0: one, or on a CPU two cores for networks of convolutions
    stream: str = "auto"  # or "always" or "never": data that stays off the device; "auto": where it would not fit

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
        positive = ("k", "num_steps", "batch_size", "packing", "latent_size", "maxout_pieces", "momentum_epochs")
        kept = ("log_every", "sample_every", "checkpoint_every", "keep")
        for name in (*positive, *kept, "conv_pieces", "deconv_size", "deconv_stride", "base_channels", "blocks"):
            self._require(name, getattr(self, name) >= 1, "must be at least 1")
        widths = ("generator_widths", "discriminator_widths", "conv_channels", "conv_sizes")
        for name in (*widths, "pool_sizes", "pool_strides"):
            self._require(name, all(value >= 1 for value in getattr(self, name)), "must all be at least 1")
        self._require("conv_padding", all(value >= 0 for value in self.conv_padding), "must all be at least 0")
        for name in ("input_dropout", "momentum", "beta2", "ema_decay"):
            self._require(name, 0 <= getattr(self, name) < 1, "must be in [0, 1)")
        self._require("hidden_dropout", all(0 <= rate < 1 for rate in self.hidden_dropout), "must be in [0, 1)")
        for name in ("generator_learning_rate", "discriminator_learning_rate", "clip_limit", "margin"):
            self._require(name, getattr(self, name) > 0, "must be above 0")
        weights = ("penalty_weight", "pulling_away", "contrast", "max_column_norm")
        for name in (*weights, "evaluate_every", "patience", "decoder_steps", "devices"):
            self._require(name, getattr(self, name) >= 0, "must be at least 0")
        self._require("evaluate_samples", self.evaluate_samples >= 20, "must be at least 20")
        self._require("stream", self.stream in STREAM, f"must be one of {', '.join(STREAM)}")
        self._require("metrics", len(self.metrics) > 0, "must name at least one")
        self._require("instance_noise", self.instance_noise >= 0, "must be at least 0")
        self._require("ema_ramp", self.ema_ramp >= 1, "must be at least 1")
        self._require(
            "microbatch",
            self.microbatch == 0 or (self.microbatch > 0 and self.batch_size % self.microbatch == 0),
            f"must be 0 or divide --batch-size {self.batch_size}",
        )
        self._require(
            "microbatch", self.microbatch % self.packing == 0, f"must be a multiple of --packing {self.packing}"
        )
        if self.devices > 1:
            fits = self.batch_size % self.devices == 0
            self._require("batch_size", fits, f"must be a multiple of --devices {self.devices}")
            self._require("microbatch", self.microbatch == 0, f"must be 0 with --devices {self.devices}")
        self._require("seed", 0 <= self.seed < 2**32, "must be in [0, 2^32)")

    def _require(self, name: str, holds: bool, rule: str) -> None:
        if not holds:
            value = getattr(self, name)
            shown = (",".join(map(str, value)) or "nothing") if isinstance(value, tuple) else value
            raise UsageError(f"--{option_name(name)} {rule}, got {shown}.")

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
