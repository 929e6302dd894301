"""What ``gancli translate`` is asked for: between which domains, or to which classes, with how many answers."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from gancli.data.class_names import find
from gancli.data.two_domains import LETTERS, domain_names
from gancli.errors import UsageError
from gancli.games.translates import Translates, Translators
from gancli.registry import suggestion
from gancli.runs.trained import Trained

ALL = "all"  # classes
ANY_CLASS = "any class"  # what images are that go to a class


class Answer(NamedTuple):
    """One of the pictures that are made of each image."""

    heading: str  # of the sheet
    suffix: str = ""  # of the image's name
    seed: int = 0  # of a translator with noise
    label: int | None = None  # of the class that is asked for; None: the translator has none
    looks: bool = False  # whether it is where the translator looks, in the place of a translation


def asked(
    to: str | None, trained: Trained, translators: Translators, answers: int
) -> tuple[int, tuple[str, str], list[Answer]]:
    """Return the number of the way, what both ends of it are called, and the answers to each image.

    Raises:
        UsageError: the run has no such domain, class or number of answers, or the domain is to be named.
    """
    ways = translators.ways
    if ways[0].num_classes:
        wanted = _of_classes(to, trained.run.record.data.classes or {})
        if answers > 1:
            raise UsageError(f"-n {answers} is for translators with noise, and this run has one answer of each class.")
        return 0, (ANY_CLASS, wanted[0].heading if len(wanted) == 1 else ALL), wanted
    names = domain_names(trained.game.config)
    begins = _begins(to, names, len(ways))
    if answers > 1 and not ways[begins].has_noise:
        raise UsageError(f"-n {answers} is for translators with noise, and this run has one answer to each image.")
    numbered = answers > 1
    wanted = [Answer(names[1 - begins], f"-{seed + 1}" if numbered else "", seed) for seed in range(answers)]
    return begins, (names[begins], names[1 - begins]), wanted


def check_attends(way: Translates) -> None:
    """Raise a UsageError unless a translator tells where it looks."""
    if not way.attends:
        raise UsageError(
            f"--attention is for runs whose translator has attention maps, such as those of --model ugatit; --model "
            f"{way.player.config.model} has none."
        )


def _of_classes(to: str | None, counts: Mapping[str, int]) -> list[Answer]:
    """Return an answer of the class asked for, or of all; ``counts`` are the training images of each, by name."""
    names = list(counts)
    learned = [name for name in names if counts[name]]
    if to is None:
        raise UsageError(f"name the class of the translations with --to: {', '.join(learned)}, or {ALL}.")
    if to == ALL and ALL not in names:
        plain = all(re.fullmatch(r"[\w-][\w.-]*", name) for name in names)  # as a part of a file's name
        return [Answer(name, f"-{name if plain else names.index(name)}", label=names.index(name)) for name in learned]
    label = find(names, to)
    if names[label] not in learned:
        raise UsageError(f"class '{to}' has no training images. The run translates to: {', '.join(learned)}.")
    return [Answer(names[label], label=label)]


def _begins(to: str | None, names: tuple[str, str], ways: int) -> int:
    """Return which domain the way begins at, 0 or 1, by the other one: what the run calls it, or the letter."""
    known = list(dict.fromkeys((*LETTERS, *names)))
    if to is None and ways == 1:
        return 0
    if to is None:
        raise UsageError(f"name the domain of the translations with --to: {' or '.join(names)}.")
    for these in (names, LETTERS, tuple(letter.lower() for letter in LETTERS)):
        if to in these:
            if ways == 1 and these.index(to) == 0:
                raise UsageError(f"the run translates {names[0]} to {names[1]} alone, not to {to}.")
            return 1 - these.index(to)
    raise UsageError(f"--to must be one of {', '.join(known)}, got '{to}'.{suggestion(to, known)}")
