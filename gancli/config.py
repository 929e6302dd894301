"""The configuration of a run: one frozen dataclass whose fields say all that is said of them, its JSON and its TOML."""

import dataclasses
import functools
import json
import typing
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Self

from gancli.errors import GancliError, UsageError
from gancli.fields import Setting, When, broken, from_json, from_text, setting, shown, toml
from gancli.registry import suggestion

# Panels of the help
DATA, GAME, NETWORKS, OPTIMIZER = "Data", "The game", "Networks", "Optimizer"
MAPS, CONVOLUTIONS, EVALUATION = "Convolutional models", "Convolutions of maxout-conv", "Evaluation while training"
MACHINE, KEPT = "Memory and speed", "What is kept"

AUTO = ("auto",)  # of settings of several names: the data decides

# Who uses a setting. A model or loss from your own file may use any of them.
MOST_STEPS = 10**9  # steps are counted in 32 bits
DENSE: When = {"model": ("mlp", "maxout-conv")}
WIDTHS: When = {"model": ("mlp", "maxout-conv", "noisy-mlp")}
MAXOUT_CONV: When = {"model": ("maxout-conv",)}
CONVOLUTIONAL: When = {"model": ("dcgan", "resnet")}
WIDENED: When = {"model": ("dcgan", "resnet", "resnet-translator", "unet-translator", "ugatit")}
MOVING: When = {"moves": (True,)}  # what has a --final- value, and --top-k
IMAGES: When = {"data": ("images", "your images")}
YOUR_IMAGES: When = {"data": ("your images",)}
ADVERSARIAL: When = {"game": ("adversarial",)}
NO_DISCRIMINATOR: When = {"game": ("matching",)}
NO_PENALTY: When = {"game": ("matching", "semi-supervised")}
TWO_DOMAINS = ("cycle", "paired", "contrastive")
TRANSLATIONS = (*TWO_DOMAINS, "attributes")
NOT_ADVERSARIAL: When = {"game": ("matching", "semi-supervised", *TRANSLATIONS)}
ONE_UPDATE: When = {"game": ("matching", "semi-supervised", *TWO_DOMAINS)}
TRANSLATING: When = {"game": TRANSLATIONS}
OF_TWO_DOMAINS: When = {"game": TWO_DOMAINS}
UNPAIRED: When = {"game": ("cycle", "contrastive")}
CONTRASTIVE: When = {"game": ("contrastive",)}
BACK_AGAIN: When = {"game": ("cycle", "attributes")}
ATTRIBUTES: When = {"game": ("attributes",)}
PAIRED: When = {"game": ("paired",)}
NO_DROPOUT: When = {"game": ("matching", *TRANSLATIONS), "model": ("noisy-mlp",)}
FEW_LABELS: When = {"game": ("semi-supervised",)}
BIDIRECTIONAL: When = {"game": ("bidirectional",)}
WITH_CODES: When = {"game": ("infogan",)}
COMPLETION: When = {"game": ("completion",)}


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Everything that decides a training run: same config, same machine, same run, bit for bit.

    The defaults are those of any data set that :mod:`gancli.recipes` says nothing else about.
    """

    dataset: str  # a name of the catalog, or the path of your own images
    seed: int = setting(0, "Seed of weights, data order and noise.", least=0, below=2**32, common=True)

    resolution: int = setting(
        0,
        "Pixels of both sides of an image; 0: those of the images, 64 at most.",
        DATA,
        only=YOUR_IMAGES,
        least=0,
        common=True,
    )
    crop: str = setting(
        "center",
        "center, random (a square anywhere) or none (squeezed to a square).",
        DATA,
        only=YOUR_IMAGES,
        choices=("center", "random", "none"),
    )
    load_resolution: int = setting(
        0,
        "At each step, train on a random square of --resolution pixels of each image brought to this size, as 286 for "
        "256; 0: on whole images.",
        DATA,
        only=YOUR_IMAGES,
        least=0,
    )
    channels: str = setting(
        "auto",
        "auto, 1 (gray), 3 (color) or 4 (with transparency).",
        DATA,
        only=YOUR_IMAGES,
        choices=("auto", "1", "3", "4"),
    )
    max_pixels: int = setting(
        178_956_970,  # from which Pillow takes an image for an attack
        "Images of more pixels, width times height, are left out; raise it for large scans.",
        DATA,
        only=YOUR_IMAGES,
        least=1,
    )
    held_out: float = setting(
        0.1,
        "Share of the images that is not trained on: half of it for validation, half for testing.",
        DATA,
        only=YOUR_IMAGES,
        least=0,
        most=0.5,
        metavar="SHARE",
    )
    mirror: bool = setting(False, "Flip each image with probability 1/2 at every step.", DATA, only=IMAGES, common=True)
    augment: tuple[str, ...] = setting(
        (),
        "Random changes of all that the discriminator sees, for small data: color, translation, cutout; auto: "
        "translation,cutout for fewer than 5,000 images.",
        DATA,
        only=IMAGES,
        unless={"game": ("matching", "completion")},
        choices=(*AUTO, "color", "translation", "cutout"),
        common=True,
    )
    conditional: bool = setting(
        False,
        "Train a class-conditional GAN: both networks see the labels.",
        DATA,
        only=IMAGES,
        unless=TRANSLATING,
        common=True,
    )
    contrast: float = setting(
        0.0,
        "Center images and scale them to this length; 0: pixels stay in [0, 1].",
        DATA,
        only=IMAGES,
        unless=TRANSLATING,
        least=0,
    )
    from_domain: str = setting(
        "",
        "Domain A is this class of the data set, and --to names the class that is domain B.",
        DATA,
        only=UNPAIRED,
        metavar="CLASS",
        option="from",
    )
    to_domain: str = setting(
        "",
        "Domain B: your images, a data set, or with --from a class. Without it: the folders trainA and trainB. "
        "With --game paired: A or B, which image of a pair is the translation.",
        DATA,
        only=OF_TWO_DOMAINS,
        metavar="DATASET|CLASS|A|B",
        option="to",
    )

    game: str = setting(
        "adversarial",
        "Who plays: adversarial, bidirectional, completion, infogan, semi-supervised, cycle, contrastive, paired and "
        "attributes (which translate), or matching (--loss mmd sets it).",
        GAME,
        choices="game",
    )
    labels: str = setting(
        "100",
        "How many training images have a class, as many of each; or a table FILE.csv of images and classes.",
        GAME,
        only=FEW_LABELS,
        metavar="N|FILE.csv",
    )
    alone: bool = setting(
        False, "Train the discriminator on the labeled images alone, for comparison.", GAME, only=FEW_LABELS
    )
    cycle_weight: float = setting(
        10.0,
        "Weight of the cycle loss: how far an image is from its translation translated back.",
        GAME,
        only=BACK_AGAIN,
        least=0,
    )
    class_weight: float = setting(
        1.0,
        "Weight of the cross-entropy of classes: of data for D, of translations for G.",
        GAME,
        only=ATTRIBUTES,
        least=0,
    )
    identity_weight: float = setting(
        5.0,
        "Weight of the identity loss: how far an image of the target is from its translation.",
        GAME,
        only=UNPAIRED,
        least=0,
    )
    attention_weight: float = setting(
        1000.0,
        "Weight of the attention loss: how well a translator tells its images from those of the target.",
        GAME,
        only={"game": ("cycle",), "model": ("ugatit",)},
        least=0,
    )
    history: int = setting(
        50,
        "Earlier translations that are kept, to be shown to discriminators again; 0: none.",
        GAME,
        only=OF_TWO_DOMAINS,
        least=0,
    )
    patch_weight: float = setting(
        1.0,
        "Weight of the PatchNCE loss: a translation resembles its image at every place.",
        GAME,
        only=CONTRASTIVE,
        least=0,
    )
    pixel_weight: float = setting(
        100.0,
        "Weight of the L1 term: how far a translation is from the true one.",
        GAME,
        only=PAIRED,
        least=0,
    )
    codes: tuple[str, ...] = setting(
        ("10", "u", "u"),
        "What a sample's latents have beside them: a category of so many values, u: a number from -1 to 1.",
        GAME,
        only=WITH_CODES,
        metavar="N|u,...",
    )
    information_weight: float = setting(
        1.0, "Weight of what samples tell of their codes, in nats.", GAME, only=WITH_CODES, above=0
    )
    masks: tuple[str, ...] = setting(
        ("half", "block", "pixels"),
        "What is hidden of examples, each as often; see `gancli list masks`.",
        GAME,
        only=COMPLETION,
        choices="mask",
        metavar="NAME,NAME",
    )
    loss: str = setting(
        "non-saturating",
        "The objective, see `gancli list losses`; or your own, FILE.py:NAME.",
        GAME,
        choices="loss",
        common=True,
    )
    penalty: tuple[str, ...] = setting(
        (),
        "What bounds the discriminator: r1, r2, gradient-penalty, clip, spectral-norm, or none.",
        GAME,
        unless=NO_PENALTY,
        choices=("r1", "r2", "gradient-penalty", "clip", "spectral-norm"),
        common=True,
    )
    penalty_weight: float | None = setting(
        10.0,
        "Weight of r1, r2 and gradient-penalty; none: by the size of the images.",
        GAME,
        only={"penalty": ("r1", "r2", "gradient-penalty")},
        least=0,
    )
    final_penalty: float = setting(
        1.0,
        "Share of that weight that is left at the last step.",
        GAME,
        only={"penalty": ("r1", "r2", "gradient-penalty")},
        above=0,
        most=1,
    )
    clip_limit: float = setting(0.01, "Largest weight with --penalty clip.", GAME, only={"penalty": ("clip",)}, above=0)
    margin: float = setting(
        1.0, "Energy up to which --loss energy pushes samples.", GAME, only={"loss": ("energy",)}, above=0
    )
    pulling_away: float = setting(
        0.0,
        "Weight of the term that keeps the features of samples apart.",
        GAME,
        unless=NOT_ADVERSARIAL,
        least=0,
    )
    top_k: float = setting(
        1.0,
        "Share of a batch's samples, the highest scored, that the generator learns from at the last step.",
        GAME,
        only=ADVERSARIAL,
        above=0,
        most=1,
        metavar="SHARE",
    )
    k: int = setting(1, "Discriminator updates per generator update.", GAME, unless=ONE_UPDATE, least=1, common=True)
    updates: str = setting(
        "alternating",
        "alternating (Algorithm 1), simultaneous, extragradient or optimistic; see `gancli list updates`.",
        GAME,
        unless=ONE_UPDATE,
        choices=("alternating", "simultaneous", "extragradient", "optimistic"),
    )
    unroll: int = setting(
        0,
        "Discriminator updates through which the generator's gradient passes; 0: none.",
        GAME,
        only=ADVERSARIAL,
        least=0,
    )
    lookahead: int = setting(
        0,
        "Steps after which both players return to slow weights, which follow; 0: never.",
        GAME,
        only=ADVERSARIAL,
        least=0,
    )
    lookahead_alpha: float = setting(
        0.5,
        "Share of the way by which slow weights follow.",
        GAME,
        only=ADVERSARIAL,
        unless={"lookahead": (0,)},
        above=0,
        most=1,
    )
    historical_weight: float = setting(
        0.0,
        "Weight of the term that keeps each player near the mean of its weights so far (historical averaging).",
        GAME,
        least=0,
    )
    packing: int = setting(
        1,
        "Examples that the discriminator scores at once, as one; with --game completion, answers to one question.",
        GAME,
        unless=NOT_ADVERSARIAL,
        least=1,
    )
    instance_noise: float = setting(
        0.0,
        "Standard deviation of the noise on the discriminator's inputs.",
        GAME,
        unless=NO_DISCRIMINATOR,
        least=0,
    )
    num_steps: int = setting(
        10_000, "Generator updates in all.", GAME, least=1, most=MOST_STEPS, option="steps", common=True
    )
    batch_size: int = setting(100, "Examples per discriminator update.", GAME, least=1, common=True)

    model: str = setting(
        "mlp",
        "The networks, see `gancli list models`.",
        NETWORKS,
        choices="model",
        common=True,
    )
    prior: str = setting(
        "uniform",
        "Distribution of the latents: uniform, gaussian, spherical, or mixture (of learned Gaussians).",
        NETWORKS,
        unless=TRANSLATING,
        choices=("uniform", "gaussian", "spherical", "mixture"),
    )
    components: int = setting(
        50, "Gaussians of --prior mixture.", NETWORKS, only={"prior": ("mixture",)}, least=1, most=10_000
    )
    latent_size: int = setting(100, "Dimensions of the latents.", NETWORKS, unless=TRANSLATING, least=1, common=True)
    generator_widths: tuple[int, ...] = setting(
        (1200, 1200), "Hidden units per layer of the generator.", NETWORKS, only=WIDTHS, least=1
    )
    generator_activations: tuple[str, ...] = setting(
        ("relu",),
        "relu or sigmoid, for each of these layers or for all.",
        NETWORKS,
        only=DENSE,
        choices=("relu", "sigmoid"),
    )
    sigmoid_bias: float = setting(
        0.0,
        "Initial bias of the generator's sigmoid layers.",
        NETWORKS,
        only=DENSE | {"generator_activations": ("sigmoid",)},
    )
    decoder_steps: int = setting(
        0,
        "Pre-train the generator's last layer as an autoencoder's decoder for this many steps.",
        NETWORKS,
        only={"model": ("mlp",)},
        least=0,
    )
    discriminator_widths: tuple[int, ...] = setting(
        (240, 240),
        "Hidden units per layer of the discriminator; maxout but for noisy-mlp.",
        NETWORKS,
        only=WIDTHS,
        unless=NO_DISCRIMINATOR,
        least=1,
    )
    maxout_pieces: int = setting(5, "Pieces per maxout unit.", NETWORKS, only=DENSE, unless=NO_DISCRIMINATOR, least=1)
    input_dropout: float = setting(
        0.2, "Share of the discriminator's inputs dropped.", NETWORKS, unless=NO_DROPOUT, least=0, below=1
    )
    hidden_dropout: tuple[float, ...] = setting(
        (0.5,),
        "Share of its hidden units dropped, for each layer or for all.",
        NETWORKS,
        unless=NO_DROPOUT,
        least=0,
        below=1,
    )
    generator_init_range: float | None = setting(
        None, "Initial weights are uniform on plus or minus this; none: the model's own.", NETWORKS
    )
    output_init_range: float | None = setting(None, "The same for its last layer alone.", NETWORKS, only=DENSE)
    discriminator_init_range: float | None = setting(
        None, "The same for the discriminator.", NETWORKS, unless=NO_DISCRIMINATOR
    )
    encoder: str = setting(
        "deterministic",
        "What the encoder answers: deterministic (one z, BiGAN) or stochastic (mean and variance of z, ALI).",
        NETWORKS,
        only=BIDIRECTIONAL,
        choices=("deterministic", "stochastic"),
    )
    encoder_widths: tuple[int, ...] = setting(
        (1024, 1024),
        "Hidden units per layer of the encoder.",
        NETWORKS,
        only=BIDIRECTIONAL | {"model": ("mlp",)},
        least=1,
    )
    max_column_norm: float = setting(
        0.0, "Upper bound of the norm of any unit's incoming weights; 0: none.", NETWORKS, least=0
    )

    base_channels: int = setting(
        64, "Channels of the largest maps, doubled with every halving.", MAPS, only=WIDENED, least=1
    )
    blocks: int = setting(
        1,
        "Residual blocks: of resnet at each size, of resnet-translator in all, of ugatit in each half.",
        MAPS,
        only={"model": ("resnet", "resnet-translator", "ugatit")},
        least=1,
    )
    patch_layers: int = setting(
        0,
        "Strided layers of the discriminator: 3 see patches of 70x70 pixels, 2 of 34x34, 1 of 16x16; 0: by the size, "
        "and with --game attributes as many as fit.",
        MAPS,
        only={"model": ("resnet-translator", "unet-translator", "ugatit")},
        least=0,
        most=5,
    )
    batch_norm: bool = setting(True, "Batch-normalize the generator.", MAPS, only=CONVOLUTIONAL)

    conv_channels: tuple[int, ...] = setting(
        (32, 32, 192), "Maxout channels of the discriminator's convolutions.", CONVOLUTIONS, only=MAXOUT_CONV, least=1
    )
    conv_pieces: int = setting(2, "Pieces per channel.", CONVOLUTIONS, only=MAXOUT_CONV, least=1)
    conv_sizes: tuple[int, ...] = setting(
        (8, 8, 5), "Pixels of their kernels.", CONVOLUTIONS, only=MAXOUT_CONV, least=1
    )
    conv_padding: tuple[int, ...] = setting(
        (4, 3, 3), "Pixels added on each side before them.", CONVOLUTIONS, only=MAXOUT_CONV, least=0
    )
    pool_sizes: tuple[int, ...] = setting(
        (4, 4, 2), "Pixels of the max pooling after them.", CONVOLUTIONS, only=MAXOUT_CONV, least=1
    )
    pool_strides: tuple[int, ...] = setting(
        (2, 2, 2), "Pixels between the pooling's windows.", CONVOLUTIONS, only=MAXOUT_CONV, least=1
    )
    deconv_size: int = setting(
        5, "Pixels of the generator's transposed convolution.", CONVOLUTIONS, only=MAXOUT_CONV, least=1
    )
    deconv_stride: int = setting(3, "Pixels between its kernels.", CONVOLUTIONS, only=MAXOUT_CONV, least=1)

    optimizer: str = setting("adam", "adam or sgd.", OPTIMIZER, choices=("adam", "sgd"))
    generator_learning_rate: float = setting(2e-4, "Learning rate of the generator.", OPTIMIZER, above=0)
    discriminator_learning_rate: float = setting(
        2e-4, "Learning rate of the discriminator.", OPTIMIZER, unless=NO_DISCRIMINATOR, above=0
    )
    momentum: float = setting(0.5, "Adam's beta1, or SGD's momentum at the start.", OPTIMIZER, least=0, below=1)
    beta2: float = setting(0.999, "Adam's beta2.", OPTIMIZER, only={"optimizer": ("adam",)}, least=0, below=1)
    final_beta2: float | None = setting(
        None,
        "Adam's beta2 at the last step; none: constant.",
        OPTIMIZER,
        only={"optimizer": ("adam",)},
        least=0,
        below=1,
    )
    final_momentum: float | None = setting(
        None,
        "SGD's momentum from epoch --momentum-epochs on; none: constant.",
        OPTIMIZER,
        only={"optimizer": ("sgd",)},
    )
    momentum_epochs: int = setting(
        250,
        "Epochs of the linear rise of the momentum.",
        OPTIMIZER,
        only={"optimizer": ("sgd",)},
        unless={"final_momentum": (None,)},
        least=1,
    )
    final_rate: float = setting(
        1.0, "Share of the learning rates that is left at the last step.", OPTIMIZER, above=0, most=1
    )
    schedule: str = setting(
        "cosine",
        "How values move to their --final- ones, and --top-k: cosine (slowly at both ends), linear, or late-linear "
        "(linear in the second half).",
        OPTIMIZER,
        only=MOVING,
        choices=("cosine", "linear", "late-linear"),
    )
    schedule_steps: int = setting(
        0,
        "Steps over which they move; 0: all. A run that goes on further keeps what it reached.",
        OPTIMIZER,
        only=MOVING,
        least=0,
        most=MOST_STEPS,
    )
    on_spike: str = setting(
        "ignore",
        "A gradient far longer than its recent ones: cut it to the longest usual length, warn, or ignore.",
        OPTIMIZER,
        choices=("cut", "warn", "ignore"),
    )
    learning_rate_divisor: float = setting(1.0, "Divide the learning rates by this at every step.", OPTIMIZER)
    min_learning_rate: float = setting(
        1e-6, "Lower bound of the learning rates.", OPTIMIZER, unless={"learning_rate_divisor": (1.0,)}
    )
    ema_decay: float = setting(
        0.9995, "Decay of the moving average of the generator's weights; 0: none.", OPTIMIZER, least=0, below=1
    )
    ema_ramp: float = setting(
        9.0,
        "Warm-up of the average: at step n it spans about n / RAMP steps.",
        OPTIMIZER,
        unless={"ema_decay": (0.0,)},
        least=1,
        metavar="RAMP",
    )

    evaluate_every: int = setting(
        0, "Steps between evaluations, the last step beside; 0: none.", EVALUATION, least=0, common=True
    )
    metrics: tuple[str, ...] = setting(
        ("fid",),
        "What is measured; the first one decides which checkpoint is best.",
        EVALUATION,
        unless={"evaluate_every": (0,)},
        choices="metric",
        common=True,
    )
    features: str = setting(
        "auto",
        "Network whose features are compared, see `gancli list features`.",
        EVALUATION,
        unless={"evaluate_every": (0,)},
        choices="features",
    )
    evaluate_samples: int = setting(
        2500, "Samples per evaluation.", EVALUATION, unless={"evaluate_every": (0,)}, least=20
    )
    patience: int = setting(
        0,
        "Stop after this many evaluations without a better one; 0: never.",
        EVALUATION,
        unless={"evaluate_every": (0,)},
        least=0,
    )

    log_every: int = setting(100, "Steps per line of metrics.jsonl, and per dispatch.", KEPT, least=1)
    sample_every: int = setting(500, "Steps between pictures of the fixed latents.", KEPT, least=1)
    checkpoint_every: int = setting(1000, "Steps between checkpoints.", KEPT, least=1)
    keep: int = setting(3, "Newest checkpoints that stay, beside the best one.", KEPT, least=1)

    precision: str = setting(
        "float32",
        "float32, or bf16: what networks compute in; weights and losses stay float32.",
        MACHINE,
        choices=("float32", "bf16"),
    )
    microbatch: int = setting(
        0,
        "Accumulate gradients over micro-batches of this size (same gradient, less memory); 0: the batch.",
        MACHINE,
    )
    remat: bool = setting(
        False, "Recompute activations in the backward pass to save memory (rematerialization).", MACHINE
    )
    devices: int = setting(0, "Split each batch over this many devices; 0 chooses.", MACHINE, least=0)
    stream: str = setting(
        "auto",
        "Read training data from disk as needed. auto: only if it does not fit into device memory.",
        MACHINE,
        choices=("auto", "always", "never"),
        metavar="auto|always|never",
    )
    data_placement: str = setting(
        "auto",
        "Of several devices, give each a copy of the training data, or divide it. auto: copied if that fits.",
        MACHINE,
        choices=("auto", "copied", "divided"),
        metavar="auto|copied|divided",
    )

    def __post_init__(self) -> None:
        """Refuse values that no run can have.

        Raises:
            UsageError: names the option, its value and the rule.
        """
        for name, about in settings().items():
            if rule := broken(about, getattr(self, name)):
                self._require(name, False, rule)
        alone = len(self.augment) == 1 or AUTO[0] not in self.augment
        self._require("augment", alone, f"must be {AUTO[0]} alone, or names without it")
        self._require("metrics", len(self.metrics) > 0, "must name at least one")
        rule = (
            f"must be at least --resolution {self.resolution}"
            if self.resolution
            else "needs --resolution and your own images"
        )
        fits = self.load_resolution == 0 or 0 < self.resolution <= self.load_resolution
        self._require("load_resolution", fits, rule)
        self._require(
            "microbatch",
            self.microbatch == 0 or (self.microbatch > 0 and self.batch_size % self.microbatch == 0),
            f"must be 0 or divide --batch-size {self.batch_size}",
        )
        self._require(
            "microbatch", self.microbatch % self.packing == 0, f"must be a multiple of --packing {self.packing}"
        )
        free = self.data_placement == "auto" or self.stream != "always"
        self._require("data_placement", free, "must be auto with --stream always")
        if self.devices > 1:
            fits = self.batch_size % self.devices == 0
            self._require("batch_size", fits, f"must be a multiple of --devices {self.devices}")
            self._require("microbatch", self.microbatch == 0, f"must be 0 with --devices {self.devices}")

    def _require(self, name: str, holds: bool, rule: str) -> None:
        if not holds:
            value = getattr(self, name)
            choices = settings()[name].choices
            odd = [one for one in (value if isinstance(value, tuple) else (value,)) if one not in (choices or ())]
            if isinstance(choices, tuple) and odd:
                raise UsageError(f"--{option_name(name)} {rule}, got '{odd[0]}'.{suggestion(odd[0], list(choices))}")
            raise UsageError(f"--{option_name(name)} {rule}, got {shown(value) or 'nothing'}.")

    @property
    def datasets(self) -> tuple[str, ...]:
        """Names of the data sets of a run: one, or two where ``--to`` names that of domain B."""
        two = self.game in UNPAIRED["game"] and self.to_domain and not self.from_domain
        return (self.dataset, self.to_domain) if two else (self.dataset,)

    @property
    def moves(self) -> bool:
        """Whether any value moves over a run."""
        ends = (self.final_rate, self.final_penalty, self.top_k)
        return any(one != 1.0 for one in ends) or self.final_beta2 is not None

    @property
    def moving_steps(self) -> int:
        """Steps over which values move to their final ones."""
        return self.schedule_steps or self.num_steps

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain JSON values."""
        return json.loads(json.dumps(dataclasses.asdict(self)))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build a configuration from JSON values.

        Raises:
            GancliError: a key is unknown, or a value is of another type or breaks a rule.
        """
        fields = [field.name for field in dataclasses.fields(cls)]
        for name in values:
            if name not in fields:
                raise GancliError(f"unknown configuration key '{name}'.{suggestion(name, fields)}")
        plain: dict[str, Any] = {}
        for name, value in values.items():
            try:
                plain[name] = from_file(name, list(value) if isinstance(value, tuple) else value)
            except UsageError as error:
                raise UsageError(f"{name} {error}") from None
        return cls(**plain)

    def to_toml(self, names: Collection[str]) -> str:
        """Return the data set and some of the other fields as TOML, each with its help as a comment, in panels."""
        lines = ["# What is trained on", f"dataset = {toml(self.dataset)}"]
        panel = None
        for name, about in settings().items():
            if name in names:
                if about.panel and about.panel != panel:
                    lines += ["", f"# {about.panel}"]
                panel = about.panel
                lines += [f"# {about.help}", f"{key_name(name)} = {toml(getattr(self, name))}"]
        return "\n".join(lines) + "\n"


@functools.cache
def settings() -> dict[str, Setting]:
    """Return what is said of every field but the data set, by the field's name, in order."""
    return {f.name: f.metadata["setting"] for f in dataclasses.fields(TrainConfig) if "setting" in f.metadata}


@functools.cache
def defaults() -> dict[str, Any]:
    """Return the default of every field but the data set."""
    return {field.name: field.default for field in dataclasses.fields(TrainConfig) if "setting" in field.metadata}


@functools.cache
def types() -> dict[str, Any]:
    """Return the type of every field."""
    return typing.get_type_hints(TrainConfig)


def option_name(field: str) -> str:
    """Return the command-line option of a configuration field, without its dashes."""
    return key_name(field).replace("_", "-")


def key_name(field: str) -> str:
    """Return the name of a configuration field in a file of the user's."""
    about = settings().get(field)
    return about.option.replace("-", "_") if about and about.option else field


def parse(name: str, text: str) -> Any:
    """Return the value of a field that the user wrote as ``text``.

    Raises:
        UsageError: it is none; names the option, its value and the rule.
    """
    try:
        return from_text(types()[name], text)
    except UsageError as error:
        raise UsageError(f"--{option_name(name)} {error}") from None


def from_file(name: str, value: Any) -> Any:
    """Return the value of a field that a file has as ``value``.

    Raises:
        UsageError: it is of another type; the value and the rule, without the key.
    """
    return from_json(types()[name], value)
