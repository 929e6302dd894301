"""Figures 1, 2 and 3 of Goodfellow et al. 2014, drawn from runs of their recipes: random draws, not selected."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gancli.config import TrainConfig
from gancli.errors import UsageError
from gancli.recipes.resolve import resolve
from gancli.registry import Registry
from gancli.reporting import Reporter
from gancli.reproduce.published import published
from gancli.runs.folder import Run
from gancli.workflows.interpolate import interpolate
from gancli.workflows.sample import sample
from gancli.workflows.several import Goal, train_towards

PANELS: Registry[str] = Registry(
    "panel of Figure 2",
    {
        "a": "goodfellow2014-mnist",
        "b": "goodfellow2014-tfd",
        "c": "goodfellow2014-cifar10-fc",
        "d": "goodfellow2014-cifar10-conv",
    },
)
DEFAULT_PANELS = ("a", "c", "d")  # TFD may only be had from its owners
SAMPLES, WALKS, FRAMES = 36, 6, 12


@dataclass(frozen=True)
class Drawn:
    """A figure, or a panel of one, and how far its networks were trained."""

    output: Path
    preset: str | None  # None: the 1-D game's defaults
    seed: int  # of training and of the draws
    steps: int
    of_steps: int  # of the whole recipe
    epochs: float


def figure(
    number: int,
    outdir: Path,
    seed: int,
    reporter: Reporter,
    *,
    panels: Sequence[str] = DEFAULT_PANELS,
    num_steps: int | None = None,
    data_dir: Path | None = None,
) -> list[Drawn]:
    """Train what a figure shows, as far as it is not trained yet, and draw it.

    Figure 1: the 1-D game at four stages. Figure 2: samples beside the nearest training example. Figure 3: digits
    along straight lines between points of z space. The runs are those of Table 1, where both use the same folder.

    Args:
        number: 1, 2 or 3.
        outdir: gets the runs and the pictures.
        seed: of the runs and of the draws.
        reporter: receives progress.
        panels: of Figure 2.
        num_steps: generator updates; by default those of each recipe.
        data_dir: where the data lies.

    Raises:
        UsageError: there is no such panel.
        GancliError, DivergedError, Interrupted: as in training; what was trained stays.
    """
    if not panels:
        raise UsageError("--panels must name at least one.")
    presets = [PANELS[panel] for panel in panels]
    if number == 1:
        config = resolve("gaussian", None, {"seed": seed} | ({"num_steps": num_steps} if num_steps else {}))
        goal = Goal(config, outdir / f"figure1-seed{seed}")
        drawn = _trained(goal, None, outdir / "figure1.png", reporter, data_dir)
        sample(goal.folder, drawn.output, seed=seed, overwrite=True)
        return [drawn]
    if number == 3:
        goal = published(outdir, PANELS["a"], seed, num_steps)
        drawn = _trained(goal, PANELS["a"], outdir / "figure3.png", reporter, data_dir)
        interpolate(goal.folder, drawn.output, rows=WALKS, frames=FRAMES, path="linear", seed=seed, overwrite=True)
        return [drawn]
    results = []
    for panel, preset in zip(panels, presets, strict=True):
        goal = published(outdir, preset, seed, num_steps)
        drawn = _trained(goal, preset, outdir / f"figure2{panel}.png", reporter, data_dir)
        options = {"count": SAMPLES, "seed": seed, "nearest": True, "data_dir": data_dir}
        sample(goal.folder, drawn.output, overwrite=True, **options)
        results.append(drawn)
    return results


def _trained(goal: Goal, preset: str | None, output: Path, reporter: Reporter, data_dir: Path | None) -> Drawn:
    result = train_towards(goal, reporter, data_dir)
    whole: TrainConfig = resolve(goal.config.dataset, preset, {})
    epochs = result.images_seen / Run.open(goal.folder).record.data.num_examples
    return Drawn(output, preset, goal.config.seed, result.steps, whole.num_steps, epochs)
