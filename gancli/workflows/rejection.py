"""Rejection sampling by the discriminator of a run, for the verbs that draw."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from gancli.reporting import Reporter
from gancli.runs.trained import Trained
from gancli.sampling.rejection import Accepted, calibrate, check_rejection, draw_accepted

ACCEPTED = "accepted samples"


def rejection(trained: Trained, seed: int, data_dir: Path | None, reporter: Reporter) -> Callable[[int], Accepted]:
    """Return what draws so many latents whose samples the run's discriminator lets pass; each number once.

    Args:
        trained: the run; its data are read for the examples that were held out.
        seed: of the draws.
        data_dir: where data sets lie.
        reporter: receives progress.

    Raises:
        UsageError: the discriminator gives no logits of examples, or the data are not those of the run.
        GancliError: nothing was held out, or D scores samples higher than data.
    """
    check_rejection(trained.pair, trained.run.folder)
    held_out = trained.load_data(data_dir, "validation", cure="or leave out --reject")
    rule = calibrate(trained.pair, held_out.examples, seed)

    def watch(done: int, total: int) -> None:
        reporter.advance(ACCEPTED, done, total)

    return cache(lambda count: draw_accepted(trained.pair, rule, count, seed, watch))
