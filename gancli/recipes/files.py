"""Configurations in files of the user's: TOML, YAML, or what a run wrote."""

import json
import tomllib
from pathlib import Path
from typing import Any

from gancli.config import from_file, key_name, settings
from gancli.errors import GancliError, UsageError
from gancli.files import read_json
from gancli.registry import suggestion

RATES = ("generator_learning_rate", "discriminator_learning_rate")  # what ``lr`` sets
FORMATS = (".toml", ".yaml", ".yml", ".json")
RECORD = "config.json"  # in a run's folder


def is_run(folder: Path) -> bool:
    """Return whether a folder holds a run, as against images beside some ``config.json``."""
    try:
        return {"gancli", "config"} <= set(read_json(folder / RECORD))
    except (GancliError, ValueError, TypeError):
        return False


def read_config(path: Path) -> dict[str, Any]:
    """Return the fields that a file sets, and its ``preset`` where it names one.

    Args:
        path: a ``.toml``, ``.yaml`` or ``.json`` file, a run's ``config.json``, or a run's folder.

    Raises:
        GancliError: it cannot be read.
        UsageError: it is of no known format, or has an unknown key or a value of another type.
    """
    path = path / RECORD if path.is_dir() else path
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise UsageError(f"--config {path} must be a .toml, .yaml or .json file.")
    try:
        content = _parsed(path.read_bytes().decode("utf-8-sig"), suffix)  # Windows marks UTF-8
    except OSError as error:
        raise GancliError(f"cannot read {path}: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:
        raise GancliError(f"cannot read {path}: {' '.join(str(error).split()).rstrip('.')}.") from None
    if isinstance(content, dict) and isinstance(content.get("config"), dict):  # a run's record
        content = content["config"]
    if not isinstance(content, dict):
        raise UsageError(f"{path} must hold names and values, got {type(content).__name__}.")
    return _fields(content, path)


def _parsed(text: str, suffix: str) -> Any:
    if suffix == ".toml":
        return tomllib.loads(text)
    if suffix == ".json":
        return json.loads(text)
    import yaml

    try:
        return yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None


def _fields(content: dict[str, Any], path: Path) -> dict[str, Any]:
    fields = {key_name(name): name for name in settings()}
    names = fields | {name: name for name in settings()}
    found: dict[str, Any] = {}
    for key, value in content.items():
        name = str(key).replace("-", "_")
        if name in ("dataset", "preset"):
            if not isinstance(value, str):
                raise UsageError(f"{path}: {name} must be a name, got {value!r}.")
            found[name] = value
        elif name == "lr":
            found = dict.fromkeys(RATES, _value(RATES[0], value, path, "lr")) | found
        elif name in names:
            found[names[name]] = _value(names[name], value, path, name)
        else:
            raise UsageError(f"{path}: unknown key '{key}'.{suggestion(name, ['dataset', 'preset', 'lr', *fields])}")
    return found


def _value(name: str, value: Any, path: Path, key: str) -> Any:
    try:
        return from_file(name, value)
    except UsageError as error:
        raise UsageError(f"{path}: {key} {error}") from None
