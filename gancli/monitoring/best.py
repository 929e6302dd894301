"""The best checkpoint of a run, and whether the last one is worse."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from gancli.metrics.catalog import METRICS, json_name
from gancli.metrics.cells import differ, score_name
from gancli.runs.folder import Run


@dataclass(frozen=True)
class Best:
    """The best checkpoint of a run, by the first of its metrics, beside the newest one."""

    step: int
    metric: str  # what the score is called
    score: float
    last_step: int  # of the newest checkpoint
    last: float | None  # its score, where it has one
    differs: bool | None  # whether the two scores do, by more than their errors; None: nobody knows

    @classmethod
    def of(cls, run: Run, steps: Sequence[int]) -> Self | None:
        """Return the best of a run's checkpoints, given their steps in order; None where none was evaluated."""
        scores = run.scores()
        if not any(step in scores for step in steps):
            return None
        step, last = run.best_step(steps), steps[-1]
        metric = run.record.config.metrics[0]
        name, key = json_name(metric), METRICS[metric].key or ""
        differs = None
        if last in scores:
            lines = {line["step"]: line for line in run.metrics()}
            differs = differ(lines[step][name], lines[last][name], key)
        return cls(step, score_name(metric), scores[step], last, scores.get(last), differs)
