"""What every comparison of a training step with PyTorch has in common."""

import argparse
from collections.abc import Callable
from importlib.metadata import version

import timing
import torch
from torch import nn


class Maxout(nn.Module):
    def __init__(self, inputs: int, units: int, pieces: int):
        super().__init__()
        self.linear, self.units, self.pieces = nn.Linear(inputs, units * pieces), units, pieces

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x).view(-1, self.pieces, self.units).amax(dim=1)


def compare_steps(description: str | None, contenders: dict[str, Callable[[int], Callable[[], None]]], batch: int):
    """Time steps of every contender in turn, as the command line says, and print the table; the first is the measure.

    Args:
        description: of the command line's help.
        contenders: by name, what builds a function that takes so many steps at a call.
        batch: examples in a step, to print.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--steps", type=int, default=25, help="steps per repetition")
    parser.add_argument("--repetitions", type=int, default=11)
    options = parser.parse_args()
    runs = {name: build(options.steps) for name, build in contenders.items()}
    for run in runs.values():
        run()  # compile and warm up
    timing.print_machine()
    print_versions()
    print(f"batch {batch}")
    timing.print_table(timing.interleave(runs, options.repetitions), next(iter(runs)), "step", options.steps)


def print_versions() -> None:
    """Print which libraries the numbers were taken with."""
    print(f"jax {version('jax')}, torch {version('torch')}, {torch.get_num_threads()} torch threads")
