"""The games by the names used on the command line, and games of a user's own file. No libraries.

A game is added by its class, in a file of this folder, and one entry here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gancli import own_files
from gancli.registry import Entry, FunctionEntry, Registry, lazy

if TYPE_CHECKING:
    from gancli.training.game import Game

OPTION = "--game"
RULE = "a class with a class method build(config, domains, files), see gancli.training.game.Game"


@dataclass(frozen=True)
class GameEntry(Entry):
    """A game: what it is, what it is for, and what lays it out."""

    build: "Callable[..., Game]"  # (config, domains, files) to a game
    labeled: bool = False  # whether a second domain has the labeled ones among the examples
    translates: bool = False  # whether there are two domains of images, A and B
    paired: bool = False  # whether each image of A belongs to one of B
    classes: bool = False  # whether it takes the class of every image
    # Settings it brings where the defaults are made for another game.
    defaults: Mapping[str, Any] = field(default_factory=dict, hash=False, compare=False, kw_only=True)
    # More of them, for images of which neither data set nor model bounds D by a penalty.
    unbounded: Mapping[str, Any] = field(default_factory=dict, hash=False, compare=False, kw_only=True)


@dataclass(frozen=True, kw_only=True)
class UpdateRule(FunctionEntry[..., Any]):
    """In which order two players move: ``(move, state, sides)`` to a state and what was measured."""

    moves: int = 1  # of both players in a step
    optimistic: bool = False  # whether optimizers look ahead by their last update


def game(name: str, kept: Mapping[str, str] | None = None) -> GameEntry:
    """Return a game by its name on the command line, or from a file as ``PATH.py:NAME``.

    Args:
        name: of a game.
        kept: what a run's record keeps of the file, see :func:`gancli.own_files.keep`; then the file is not read.

    Raises:
        UsageError: there is none of that name, or the file cannot be read or holds something else.
    """
    return own_files.choose(GAMES, OPTION, name, _accepted, RULE, kept)


def _accepted(found: Any) -> GameEntry | None:
    return GameEntry(found.build) if callable(getattr(found, "build", None)) else None


GAMES: Registry[GameEntry] = Registry(
    "game",
    {
        "adversarial": GameEntry(
            lazy("gancli.games.adversarial:Adversarial.build"),
            summary="A generator against a discriminator, which tells data from samples (Goodfellow et al. 2014).",
            use="The game of this tool, for every loss with a discriminator.",
            cite=("goodfellow2014gan",),
        ),
        "matching": GameEntry(
            lazy("gancli.games.matching:Matching.build"),
            summary="A generator alone, which matches statistics of the data (Li, Swersky and Zemel 2015).",
            use="A reference without adversary: for --loss mmd, which sets it.",
            cite=("li2015generative",),
        ),
        "semi-supervised": GameEntry(
            lazy("gancli.games.semi_supervised:SemiSupervised.build"),
            labeled=True,
            summary="D also learns the classes of a few labeled images; G matches D's features (Salimans et al. 2016).",
            use="To classify images of which few have labels: --labels 100, then `gancli classify`.",
            cite=("salimans2016improved", "goodfellow2014gan"),
            defaults={"loss": "feature-matching", "penalty": (), "metrics": ("classification",)},
        ),
        "bidirectional": GameEntry(
            lazy("gancli.games.bidirectional:Bidirectional.build"),
            summary="An encoder learns beside the generator; D scores pairs (Donahue et al. 2017, BiGAN).",
            use="For latents of your images with `gancli encode`; with --encoder stochastic it is ALI.",
            cite=("donahue2017adversarial", "dumoulin2017adversarially"),
            # An unbounded D wins at once, since pairs are easy to tell; noise on them would hide z.
            defaults={"penalty": ("r1",), "penalty_weight": 1.0, "instance_noise": 0.0},
        ),
        "cycle": GameEntry(
            lazy("gancli.games.cycle:Cycle.build"),
            translates=True,
            summary="Two translators between two sets of images without pairs (Zhu et al. 2017, CycleGAN).",
            use="To turn images of one kind into another: horses to zebras. Then `gancli translate`.",
            cite=("zhu2017unpaired", "shrivastava2017learning"),
            defaults={
                "model": "resnet-translator",
                "loss": "least-squares",
                "penalty": (),
                "metrics": ("translation",),
                "mirror": True,
            },
        ),
        "contrastive": GameEntry(
            lazy("gancli.games.contrastive:Contrastive.build"),
            translates=True,
            summary="One translator between two sets of images, one way, by patches (Park et al. 2020, CUT).",
            use="As cycle, for one direction. --patch-weight 10 --identity-weight 0 is FastCUT, which is cheaper.",
            cite=("park2020contrastive",),
            defaults={
                "model": "resnet-translator",
                "loss": "least-squares",
                "penalty": (),
                "metrics": ("translation",),
                "mirror": True,
                "history": 0,
                "identity_weight": 1.0,
            },
        ),
        "paired": GameEntry(
            lazy("gancli.games.paired:Paired.build"),
            translates=True,
            paired=True,
            summary="A translator from pairs of images; D sees an image and its answer (Isola et al. 2017, pix2pix).",
            use="Where every image has its translation: labels to facades. Then `gancli translate`.",
            cite=("isola2017image",),
            defaults={
                "model": "unet-translator",
                "loss": "non-saturating",
                "penalty": (),
                "metrics": ("pairs",),
                "mirror": True,
                "history": 0,
            },
        ),
        "attributes": GameEntry(
            lazy("gancli.games.attributes:Attributes.build"),
            classes=True,
            summary="One translator to every class of a data set; D also learns classes (Choi et al. 2018, StarGAN).",
            use="For images in folders of classes, such as ages. Then `gancli translate RUN IMAGES --to CLASS`.",
            cite=("choi2018stargan", "odena2017conditional"),
            defaults={
                "model": "resnet-translator",
                "loss": "least-squares",
                "penalty": (),
                "metrics": ("attributes",),
                "mirror": True,
                "batch_size": 16,
                # With a weight of 1 and rates of 2e-4, faces had a grid after as many steps (docs/translation.md).
                "class_weight": 0.3,
                "generator_learning_rate": 5e-4,
                "discriminator_learning_rate": 5e-4,
            },
        ),
        "infogan": GameEntry(
            lazy("gancli.games.infogan:InfoGAN.build"),
            summary="Codes beside the latents, which a network on D's features reads (Chen et al. 2016, InfoGAN).",
            use="To find categories and scales of the data without labels: --codes 10,u,u.",
            cite=("chen2016infogan",),
            defaults={"packing": 1},
        ),
        "completion": GameEntry(
            lazy("gancli.games.completion:Completion.build"),
            summary="G completes examples of which a part is hidden, for every mask; D sees several answers at once.",
            use="For all conditionals p(hidden | observed), then `gancli inpaint`. Choose what is hidden by --masks.",
            cite=("goodfellow2014gan", "adler2018deep"),
            # With one answer at a time G forgets its latents; statistics of a batch would mix its questions.
            defaults={"packing": 2, "batch_norm": False, "metrics": ("completion",)},
            # With noise on both answers, or from tiny weights, D sees no difference for hundreds of steps.
            unbounded={
                "penalty": ("r1",),
                "penalty_weight": 0.1,
                "instance_noise": 0.0,
                "discriminator_init_range": None,
            },
        ),
    },
)

UPDATES: Registry[UpdateRule] = Registry(
    "order of updates",
    {
        "alternating": UpdateRule(
            function=lazy("gancli.games.updates:alternating"),
            summary="D moves --k times, then G against the D that has moved (Goodfellow et al. 2014, Algorithm 1).",
            use="The default.",
            cite=("goodfellow2014gan",),
        ),
        "simultaneous": UpdateRule(
            function=lazy("gancli.games.updates:simultaneous"),
            summary="Both players move along gradients at the same weights and samples.",
            use="For the recipes of 2014: the authors' code does it.",
            cite=("goodfellow2014gan",),
        ),
        "extragradient": UpdateRule(
            function=lazy("gancli.games.updates:extragradient"),
            summary="Both move along the gradients that they find one step ahead (Gidel et al. 2019).",
            use="To compare: it converges where simultaneous steps rotate. A step costs twice as much.",
            cite=("gidel2019variational", "mishchenko2020revisiting"),
            moves=2,
        ),
        "optimistic": UpdateRule(
            function=lazy("gancli.games.updates:simultaneous"),
            summary="Simultaneous, each update twice minus the one before (Daskalakis et al. 2018).",
            use="To compare: nearly extragradient, at the cost of simultaneous steps.",
            cite=("daskalakis2018training",),
            optimistic=True,
        ),
    },
)
