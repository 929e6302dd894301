"""The games by the names used on the command line, and games of a user's own file. No libraries.

A game is added by its class, in a file of this folder, and one entry here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gancli import own_files
from gancli.registry import Entry, Registry, lazy

if TYPE_CHECKING:
    from gancli.training.game import Game

OPTION = "--game"
RULE = "a class with a class method build(config, domains, files), see gancli.training.game.Game"


@dataclass(frozen=True)
class GameEntry(Entry):
    """A game: what it is, what it is for, and what lays it out."""

    build: "Callable[..., Game]"  # (config, domains, files) to a game
    labeled: bool = False  # whether a second domain has the labeled ones among the examples
    # Settings it brings where the defaults are made for another game.
    defaults: Mapping[str, Any] = field(default_factory=dict, hash=False, compare=False, kw_only=True)


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
    },
)
