"""From a data set, a preset and the user's options to a configuration; and which of its settings anything uses."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from gancli.config import TrainConfig, defaults, key_name, option_name, settings
from gancli.data.catalog import DATASETS, YOUR_IMAGES, Mixture, is_path
from gancli.errors import UsageError
from gancli.fields import shown
from gancli.games.catalog import GAMES
from gancli.losses.catalog import LOSSES
from gancli.models.catalog import MODELS
from gancli.own_files import is_own
from gancli.recipes.names import is_known
from gancli.recipes.presets import PRESETS, made_for

# Of a run, wherever it uses them: without steps and channels, a time may decide them once more.
ALWAYS_TOLD = frozenset({"model", "loss", "num_steps", "base_channels"})


def resolve(dataset: str, preset: str | None, options: Mapping[str, Any]) -> TrainConfig:
    """Build a configuration: what the user said, over the objective's defaults, over the preset or the data set's.

    Args:
        dataset: a name of the catalog, or a path of your own images.
        preset: a recipe; it takes the place of the data set's defaults.
        options: the fields that the user set.

    Raises:
        UsageError: a name is unknown, the preset is for another data set, or a value breaks a rule.
    """
    kind = data_kind(dataset)
    own = kind == "your images"
    base = YOUR_IMAGES if own else dict(DATASETS[dataset].defaults)
    if preset is not None:
        base = PRESETS[preset].fields
        if base.get("dataset") != (None if own else dataset):
            raise UsageError(f"preset '{preset}' is for {made_for(preset)}, not '{dataset}'.")
    game = options.get("game", base.get("game", TrainConfig.game))
    changed = game != base.get("game", TrainConfig.game) and not is_own(game)
    brought = dict(GAMES[game].defaults) if changed else {}
    if preset is None:
        model = options.get("model", brought.get("model", base.get("model", TrainConfig.model)))
        base = base | ({} if is_own(model) else dict(MODELS[model].defaults))
    base = base | brought
    if changed and kind != "points" and not base.get("penalty"):
        base = base | dict(GAMES[game].unbounded)
    made_for_it = base.get("loss", TrainConfig.loss)
    loss = options.get("loss", made_for_it)
    kinds = ("always",) if preset else ("always", "points" if kind == "points" else "images", dataset)
    for one in kinds if loss != made_for_it and not is_own(loss) else ():
        base = base | dict(LOSSES[loss].defaults.get(one, {}))
    values: dict[str, Any] = {"dataset": dataset} | base | dict(options)
    return TrainConfig(**values)


def data_kind(dataset: str) -> str:
    """Return ``images``, ``points`` or ``your images``.

    Raises:
        UsageError: there is no data set of that name.
    """
    if dataset not in DATASETS and is_path(dataset):
        return "your images"
    return "points" if isinstance(DATASETS[dataset], Mixture) else "images"


def uses(config: TrainConfig, name: str) -> bool:
    """Return whether a run with this configuration uses a setting."""
    return _why_unused(config, name) is None


def unused(config: TrainConfig, values: Mapping[str, Any]) -> list[str]:
    """Return the fields that a preset or a file sets to something, and that are for other models, games or data.

    What another setting turns off is not among them: ``--evaluate-every 0`` is not meant to be a warning.
    """
    plain, about = defaults(), settings()
    said = [name for name, value in values.items() if name in plain and value != plain[name] and not _is_off(value)]
    return [n for n in said if not uses(config, n) and (about[n].only or "game" in (about[n].unless or {}))]


def check_used(config: TrainConfig, typed: Mapping[str, Any]) -> None:
    """Refuse options that the user typed and that nothing uses; to turn off what is not there is no mistake.

    Raises:
        UsageError: names the option, its value, what it is for and what to do.
    """
    for name, value in typed.items():
        if name in settings() and not _is_off(value) and (why := _why_unused(config, name)):
            raise UsageError(f"{typed_as(name, value)} {why}")


def typed_as(name: str, value: Any) -> str:
    """Return an option with its value as it is typed."""
    if isinstance(value, bool):
        return f"--{'' if value else 'no-'}{option_name(name)}"
    return f"--{option_name(name)} {shown(value)}"


def toml_of(config: TrainConfig, measured: Sequence[str] = ()) -> str:
    """Return the used settings that tell a run from others as TOML: read again, it gives the same run.

    Args:
        config: of the run.
        measured: settings that a time decides when the run begins, on the machine that trains it: they are left out.
    """
    text = config.to_toml(telling(config) - set(measured))
    names = ", ".join(key_name(name) for name in measured)
    return f"# Left to --time, by default an hour: {names}\n{text}" if measured else text


def command_of(config: TrainConfig) -> str:
    """Return the command that trains such a run, as a shell takes it; where it writes is not in it."""
    words = ["gancli", "train", config.dataset]
    for name in sorted(telling(config), key=list(settings()).index):
        value = getattr(config, name)
        words += (
            [typed_as(name, value)] if isinstance(value, bool) else [f"--{option_name(name)}", shown(value) or "none"]
        )
    return shlex.join(words)


def telling(config: TrainConfig) -> set[str]:
    """Return the settings that tell this run from others: used ones that differ from the defaults.

    Some are always there, and a setting at its default where data set, model or loss have another one.
    """
    used = [name for name in settings() if uses(config, name)]
    again = resolve(config.dataset, None, {"model": config.model, "loss": config.loss, "game": config.game})
    told = {n for n in used if getattr(config, n) != defaults()[n] or getattr(config, n) != getattr(again, n)}
    return told | ALWAYS_TOLD.intersection(used)


def _is_off(value: Any) -> bool:
    return not any(value) if isinstance(value, tuple) else not value


def _why_unused(config: TrainConfig, name: str) -> str | None:
    """Return why a run does not use a setting, and what to do, as the end of a sentence; None: it does use it."""
    about = settings()[name]
    for other, wanted in (about.only or {}).items():
        if other == "data":
            if data_kind(config.dataset) in wanted or ("your images" in wanted and any(map(is_path, config.datasets))):
                continue
            kind = data_kind(config.dataset)
            what = "images" if "images" in wanted else "your own images"
            fact = "holds points" if kind == "points" else "stays as it is"
            return f"is for {what}; data set '{config.dataset}' {fact}. Leave it out, or choose other data."
        if other == "moves" and not config.moves:
            return "moves nothing. Leave it out, or give --final-rate, --final-penalty, --final-beta2 or --top-k, too."
        found: Any = getattr(config, other)
        values = found if isinstance(found, tuple) else (found,)
        if set(values) & set(wanted) or (other in ("model", "loss") and not is_known(other, str(found))):
            continue
        option = f"--{option_name(other)}"
        *first, last = wanted
        which = f"{', '.join(first)} or {last}" if first else last
        has = f"{option} {shown(found)}" if values else f"a run without {option}"
        thing = {"generator_activations": "activation"}.get(other, other)
        choose = f"one of these {'penalties' if thing == 'penalty' else thing + 's'}" if first else f"that {thing}"
        return f"is for {option} {which}; {has} does not use it. Leave it out, or choose {choose}."
    for other, idle in (about.unless or {}).items():
        found = getattr(config, other)
        if found not in idle:
            continue
        if found is None:
            return f"does nothing without --{option_name(other)}. Leave it out, or give that too."
        if other == "game":
            return f"does nothing in the game '{found}'. Leave it out, or choose another loss or game."
        plain = f"{found:g}" if isinstance(found, float) else shown(found)
        option = f"--{option_name(other)}"
        return f"does nothing with {option} {plain}. Leave it out, or change {option}."
    return None
