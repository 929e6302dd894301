"""Runs of published recipes, one folder for each preset and seed."""

from pathlib import Path
from typing import Any

from gancli.recipes.presets import PRESETS
from gancli.recipes.resolve import resolve
from gancli.workflows.several import Goal


def published(outdir: Path, preset: str, seed: int, num_steps: int | None) -> Goal:
    """Return the run of a preset and seed, ``num_steps`` long; by default as long as the preset says."""
    options: dict[str, Any] = {"seed": seed} | ({"num_steps": num_steps} if num_steps else {})
    config = resolve(PRESETS[preset].dataset, preset, options)
    return Goal(config, outdir / f"{preset}-seed{seed}")
