"""The games by the names used on the command line; plain data, each in a file that is imported when it is played."""

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gancli.config import TrainConfig
from gancli.registry import Registry

if TYPE_CHECKING:
    from gancli.training.domain import Domain
    from gancli.training.game import Game


@dataclass(frozen=True)
class GameEntry:
    """A game: what it is, what it is for, and the class that plays it."""

    summary: str
    use: str  # when to take it
    place: str  # module:class, with a class method build(config, domains)
    cite: tuple[str, ...] = ()

    def build(self, config: TrainConfig, domains: "tuple[Domain, ...]") -> "Game":
        """Lay the game out.

        Raises:
            UsageError: the configuration makes no such game, or its networks do not fit the data.
        """
        module, _, name = self.place.partition(":")
        return getattr(importlib.import_module(module), name).build(config, domains)


GAMES: Registry[GameEntry] = Registry(
    "game",
    {
        "adversarial": GameEntry(
            "A generator against a discriminator, which tells data from samples (Goodfellow et al. 2014).",
            "The game of this tool, for every loss with a discriminator.",
            "gancli.games.adversarial:Adversarial",
            ("goodfellow2014gan",),
        ),
        "matching": GameEntry(
            "A generator alone, which matches statistics of the data (Li, Swersky and Zemel 2015).",
            "A reference without adversary: for --loss mmd, which sets it.",
            "gancli.games.matching:Matching",
            ("li2015generative",),
        ),
    },
)
