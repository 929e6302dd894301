"""The options of ``gancli train``, made from the fields of the configuration; and its help."""

import copy
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperOption

from gancli.config import TrainConfig, defaults, option_name, parse, settings, types
from gancli.errors import GancliError
from gancli.fields import shown
from gancli.recipes.names import is_known, names
from gancli.recipes.request import Request
from gancli.recipes.resolve import resolve, uses

METAVARS = {int: "N", float: "X", str: "NAME"}
CHOICES = ("model", "game", "loss", "optimizer", "penalty")  # whose values the help goes by
TOGETHER = ("coordinator", "processes", "process")  # options for clusters, which a page of the docs shows
RESUME = ("auto", "run")  # "run": what --resume means without a value


def with_settings(verb: Callable[..., None]) -> Callable[..., None]:
    """Give a verb that takes ``**options`` an option for every field of the configuration."""
    own = [p for p in inspect.signature(verb).parameters.values() if p.kind is not p.VAR_KEYWORD]
    made = [_parameter(name) for name in settings()]
    verb.__signature__ = inspect.Signature([*own, *made])  # pyright: ignore[reportFunctionMemberAccess]
    verb.__annotations__ = {p.name: p.annotation for p in (*own, *made)}
    return verb


def _parameter(name: str) -> inspect.Parameter:
    about, default, option = settings()[name], defaults()[name], f"--{option_name(name)}"
    flag = isinstance(default, bool)
    info = typer.Option(
        f"{option}/--no-{option[2:]}" if flag else option,
        help=about.help,
        rich_help_panel=about.panel,
        metavar=None if flag else about.metavar or _metavar(name),
        autocompletion=completion(about.choices, many=isinstance(default, tuple)) if about.choices else None,
    )
    kind = bool if flag else str if default is not None else (str | None)
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=_default(default), annotation=Annotated[kind, info]
    )


def _default(value: Any) -> Any:
    """Return a default as the help shows it."""
    if isinstance(value, bool) or value is None:
        return value
    return shown(value) or "none"


def _metavar(name: str) -> str:
    kind = types()[name]
    inner = next((one for one in getattr(kind, "__args__", ()) if one in METAVARS), kind)
    letter = METAVARS[inner]
    return f"{letter},{letter}" if isinstance(defaults()[name], tuple) else letter


def completion(choices: tuple[str, ...] | str, *, many: bool = False) -> Callable[[str], list[str]]:
    """Return what completes a value, given all values or the kind of thing they name; ``many``: after commas, too."""

    def complete(incomplete: str) -> list[str]:
        known = names(choices) if isinstance(choices, str) else choices
        before = incomplete.rpartition(",")[0] + "," if many and "," in incomplete else ""
        there = before.split(",")
        return [before + name for name in known if name not in there and (before + name).startswith(incomplete)]

    return complete


# What train and sweep share beside the fields
DatasetName = Annotated[
    str | None,
    typer.Argument(
        metavar="DATASET",
        help=f"{', '.join(names('data set'))}; or your own images: a folder, a .zip or an .npz.",
        autocompletion=completion("data set"),
    ),
]
PresetName = Annotated[
    str | None,
    typer.Option(
        "--preset", metavar="NAME", help="A recipe, see `gancli list presets`.", autocompletion=completion("preset")
    ),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="Settings in a .toml, .yaml or .json file, or of a run; options override."
    ),
]
LearningRate = Annotated[float | None, typer.Option("--lr", metavar="X", help="Learning rate of both networks.")]


def typed_options(ctx: typer.Context, options: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that the user set on the command line.

    Raises:
        UsageError: a value is of another type; names the option, its value and the rule.
    """
    return {
        name: value if isinstance(value, bool) else parse(name, value)
        for name, value in options.items()
        if was_typed(ctx, name)
    }


def was_typed(ctx: typer.Context, name: str) -> bool:
    """Return whether an option stood on the command line."""
    source = ctx.get_parameter_source(name)
    return source is not None and source.name != "DEFAULT"


class Command(TyperCommand):
    """A command whose help does not call every flag a ``<bool>``."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help."""
        command = copy.copy(self)
        command.params = [_without_type(one) for one in self.params]
        TyperCommand.format_help(command, ctx, formatter)


def _without_type(param: Any) -> Any:
    if not isinstance(param, TyperOption) or not param.is_flag:
        return param
    param = copy.copy(param)
    param.metavar = ""
    return param


class TrainCommand(Command):
    """A command whose help shows the common options, or those of the model, game, loss and data that were named.

    ``--resume`` takes a value or none.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Note what the help goes by, and write ``--resume`` as Typer can read it."""
        ctx.meta["gancli.arguments"] = list(args)
        return super().parse_args(ctx, _with_value(args))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help."""
        arguments = ctx.meta.get("gancli.arguments", [])
        everything = "--help-all" in arguments
        given, _, _ = self.make_parser(ctx).parse_args(_with_value(arguments))
        asked = {name: given.get(name) for name in CHOICES}
        config, measured = _as_asked(given)
        if config:
            asked["game"] = config.game
        command = copy.copy(self)
        kept = [one for one in self.params if everything or _is_shown(one.name, asked)]
        command.params = [_as_shown(one, config, measured) for one in kept]
        Command.format_help(command, ctx, formatter)


def _with_value(args: Sequence[str]) -> list[str]:
    """Give a ``--resume`` without a value the value ``run``: Typer's options have a value always or never."""
    words = []
    for word, after in zip(args, [*args[1:], ""], strict=True):
        words.append(word)
        if word == "--resume" and after not in RESUME:
            words.append("run")
    return words


def _as_asked(given: Mapping[str, Any]) -> tuple[TrainConfig | None, Sequence[str]]:
    """Return the configuration that the named data, preset, model, game and loss start from, and what a time decides.

    Without data there is none.
    """
    if given.get("dataset") is None:
        return None, ()
    choices = {name: given.get(name) for name in ("model", "game", "loss")}
    known = {name: value for name, value in choices.items() if value and is_known(name, value)}
    request = Request(given["dataset"], given.get("preset"), typed=known)
    try:
        config = resolve(given["dataset"], request.preset, known)
    except GancliError:
        return None, ()
    return config, request.measured(config) if request.budget(None, config) else ()


def _is_shown(name: str, asked: Mapping[str, str | None]) -> bool:
    about, game = settings().get(name), asked["game"]
    if name in TOGETHER:
        return False
    if about is None:
        return True
    only, unless = about.only or {}, about.unless or {}
    if game and (game not in only.get("game", (game,)) or game in unless.get("game", ())):
        return False
    return about.common or any(
        value and other in only and set(value.split(",")) & set(only[other]) for other, value in asked.items()
    )


def _as_shown(param: Any, config: TrainConfig | None, measured: Sequence[str]) -> Any:
    """Return an option with the default that holds here, and without the ``--no-`` of what is off."""
    if not isinstance(param, TyperOption) or param.name not in settings():
        return param
    param = copy.copy(param)
    if config is not None and uses(config, param.name):
        param.default = _default(getattr(config, param.name))
    if param.name in measured:
        param.default = f"{param.default}; less if an hour is too short"
    if param.default is False:
        param.secondary_opts = []
    return param


def used_rows(config: TrainConfig) -> Iterable[tuple[str, str]]:
    """Return the settings that a run uses, by the names of their options, and their values."""
    yield "data set", config.dataset
    for name in settings():
        if uses(config, name):
            value = getattr(config, name)
            text = ("yes" if value else "no") if isinstance(value, bool) else shown(value) or "none"
            yield option_name(name), text
