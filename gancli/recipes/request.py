"""What the user asks of ``gancli train``: a data set, a preset, a file and options, later ones over earlier ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gancli.config import TrainConfig, settings
from gancli.data.catalog import is_path
from gancli.data.prepared import or_prepared
from gancli.errors import UsageError
from gancli.own_files import absolute
from gancli.recipes.files import RATES, read_config
from gancli.recipes.names import check_name
from gancli.recipes.presets import PRESETS
from gancli.recipes.resolve import check_used, data_kind, resolve, typed_as, unused, uses

HOUR = 3600.0
MEASURED = ("num_steps", "base_channels", "evaluate_every")  # what a time decides


@dataclass(frozen=True)
class Budget:
    """How long a run may take."""

    seconds: float
    most_steps: int | None = None  # beyond which no run goes, however fast the machine; None: as many as there is time


@dataclass(frozen=True)
class Request:
    """What was asked; typed options count more than those of the file, and these more than the preset's."""

    dataset: str | None
    preset: str | None = None
    file: Path | None = None
    in_file: Mapping[str, Any] = field(default_factory=dict)  # fields that the file sets
    typed: Mapping[str, Any] = field(default_factory=dict)  # fields that were set by options of their own
    lr: float | None = None  # of both networks

    @classmethod
    def read(
        cls,
        dataset: str | None,
        preset: str | None,
        file: Path | None,
        typed: Mapping[str, Any],
        lr: float | None,
        data_dir: Path | None = None,
    ) -> "Request":
        """Read the file, which may name data set and preset; a data set may lie prepared in ``data_dir``.

        Raises:
            GancliError: the file cannot be read, or holds something else.
        """
        found = read_config(file) if file else {}
        in_file = {name: _absolute(name, value) for name, value in found.items() if name in settings()}
        if "num_steps" in in_file and in_file.get("schedule_steps") == in_file["num_steps"]:
            in_file["schedule_steps"] = 0  # all steps, also where the run is given others
        dataset = dataset or found.get("dataset")
        dataset = or_prepared(dataset, data_dir) if dataset else None
        dataset = str(Path(dataset).absolute()) if dataset and data_kind(dataset) == "your images" else dataset
        typed = {name: _absolute(name, value) for name, value in typed.items()}
        named = {name: typed.get(name, in_file.get(name)) for name in ("from_domain", "game")}
        if not named["from_domain"] and named["game"] != "paired":  # then it is a class, or an image of a pair
            in_file, typed = (_with_absolute_domain(values) for values in (in_file, typed))
        return cls(dataset, preset or found.get("preset"), file, in_file, typed, lr)

    def also(self, typed: Mapping[str, Any], lr: float | None) -> "Request":
        """Return the same with more options typed; a rate of both networks takes the place of the one asked for."""
        more = {name: _absolute(name, value) for name, value in typed.items()}
        return replace(self, typed={**self.typed, **more}, lr=self.lr if lr is None else lr)

    @property
    def options(self) -> dict[str, Any]:
        """The fields that the user set, in the file or by options."""
        rates = {} if self.lr is None else dict.fromkeys(RATES, self.lr)
        return {**self.in_file, **rates, **self.typed}

    @property
    def said(self) -> set[str]:
        """The fields that a time does not decide: those that the user set.

        How often a file evaluates goes with the number of steps in it, and does not count where a time replaces that.
        """
        with_steps = {"evaluate_every"} - self.typed.keys() if "num_steps" in self.in_file else set()
        return self.options.keys() - with_steps

    def config(self) -> TrainConfig:
        """Return the configuration of a new run.

        Raises:
            UsageError: a name or value is wrong, no data set is named, or nothing uses an option that was typed.
        """
        if self.dataset is None:
            raise UsageError(
                "no data set. Name one, as in `gancli train digits`, or with `dataset` in --config FILE; "
                "`gancli list datasets` shows them."
            )
        if self.lr is not None and not self.lr > 0:
            raise UsageError(f"--lr must be above 0, got {self.lr}.")
        config = resolve(self.dataset, self.preset, self.options)
        for kind in ("game", "model", "loss"):
            check_name(kind, getattr(config, kind))
        check_used(config, self.typed)
        return config

    def budget(self, seconds: float | None, config: TrainConfig) -> Budget | None:
        """Return the time that decides the number of steps: what was asked for, or an hour where steps take long.

        That is with dcgan, resnet, networks that translate, and your own images. None where the steps are given.

        Args:
            seconds: that the user asked for; None: the user named no time.
            config: what :meth:`config` returned.

        Raises:
            UsageError: both time and steps are given.
        """
        if seconds is not None:
            if "num_steps" in self.typed:
                raise UsageError("--time and --steps exclude each other: a time is turned into steps.")
            return Budget(seconds)
        said = "num_steps" in self.options or (self.preset is not None and not PRESETS[self.preset].timed)
        slow = uses(config, "base_channels") or data_kind(config.dataset) == "your images"
        return Budget(HOUR, config.num_steps) if slow and not said else None

    def measured(self, config: TrainConfig) -> list[str]:
        """Return the fields of a configuration that a time decides, where it decides any."""
        said = self.said
        return [name for name in MEASURED if name not in said and uses(config, name) and getattr(config, name)]

    def warning(self, config: TrainConfig) -> str | None:
        """Return one line about what the preset or the file sets and the run does not use; None: it uses everything.

        A run's own file has every setting, and says nothing by it.
        """
        told = []
        if self.preset:
            values = {name: value for name, value in PRESETS[self.preset].fields.items() if name not in self.options}
            told.append((f"preset '{self.preset}'", values))
        if self.file and not self.in_file.keys() >= settings().keys():
            values = {name: value for name, value in self.in_file.items() if name not in self.typed}
            told.append((str(self.file), values))
        parts = [
            f"{' '.join(typed_as(name, values[name]) for name in idle)} of {source}"
            for source, values in told
            if (idle := unused(config, values))
        ]
        return f"this run does not use {' and '.join(parts)}." if parts else None

    def continued(self, run: TrainConfig) -> dict[str, Any]:
        """Return what a run that goes on must be, beside the options: the data set and the preset's fields, if named.

        Raises:
            UsageError: a value is wrong, the preset is for other data, or nothing uses an option that was typed.
        """
        recipe: dict[str, Any] = {"dataset": self.dataset} if self.dataset else {}
        if self.preset:
            meant = resolve(self.dataset or run.dataset, self.preset, self.options)
            recipe |= {name: getattr(meant, name) for name in PRESETS[self.preset].fields}
        check_used(TrainConfig.from_dict(run.to_dict() | self.options), self.typed)
        return recipe


def _with_absolute_domain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields of which the second domain, where it is a path, is absolute."""
    other = values.get("to_domain", "")
    return dict(values) | ({"to_domain": str(Path(other).absolute())} if other and is_path(other) else {})


def _absolute(name: str, value: Any) -> Any:
    """Return a loss, model or game in a file, or a table of labels, with its absolute path: it holds in any folder."""
    if name == "labels" and not str(value).isdecimal():
        return str(Path(value).absolute())
    return absolute(value) if name in ("loss", "model", "game") else value
