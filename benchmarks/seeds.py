"""Two seeds of the paper's MNIST recipe: one after another, in processes of their own, and as one program.

python benchmarks/seeds.py [--steps 300] [--data-dir DIR]
"""

import argparse
import tempfile
from functools import partial
from pathlib import Path

from timing import interleave, print_machine, print_table

from gancli.cli.console import TerminalReporter
from gancli.recipes.resolve import resolve
from gancli.workflows.sweep import Goal, train_all

PRESET = "goodfellow2014-mnist"


def train_two(how: str, steps: int, data_dir: Path | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        configs = [resolve("mnist", PRESET, {"num_steps": steps, "evaluate_every": 0, "seed": s}) for s in (0, 1)]
        goals = [Goal(config, Path(folder) / f"seed{config.seed}") for config in configs]
        train_all(goals, TerminalReporter(quiet=True), data_dir, how=how)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--repetitions", type=int, default=3)
    arguments = parser.parse_args()
    print_machine()
    ways = ("in turn", "processes", "together")
    contenders = {way: partial(train_two, way, arguments.steps, arguments.data_dir) for way in ways}
    seconds = interleave(contenders, arguments.repetitions)
    print_table(seconds, "in turn", "step of both", per=arguments.steps)
