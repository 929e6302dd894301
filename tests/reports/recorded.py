"""Runs whose measurements are made up, in folders of their own."""

import json
import shutil
from pathlib import Path
from typing import Any

from gancli.reports.run import Recorded

FID = {"standard_error": 0.125, "bias": 0.0}


def measured(step: int, fid: float | None = None, **more: Any) -> dict[str, Any]:
    """Return a line of ``metrics.jsonl``: 100 images a second, and 16 a step."""
    line = {"step": step, "images_seen": 16 * step, "images_per_second": 100.0}
    line |= {"discriminator_loss": 1.0, "generator_loss": 2.0, "jsd_bound": 0.1}
    return line | ({} if fid is None else {"fid": {"value": fid} | FID}) | more


def recorded(like: Path, folder: Path, lines: list[dict[str, Any]], **changes: Any) -> Recorded:
    """Return a run with these lines in a new folder, its configuration that of another one but for some changes."""
    folder.mkdir()
    shutil.copytree(like / "samples", folder / "samples")
    shutil.copy(like / "config.toml", folder)
    record = json.loads((like / "config.json").read_text())
    record["config"] |= changes
    (folder / "config.json").write_text(json.dumps(record))
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return Recorded.read(folder, folder.name)
