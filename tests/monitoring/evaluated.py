"""Runs that are evaluated while they train, in the folder `ckpt`."""

import json
from pathlib import Path

from gancli.metrics import frechet as fid
from gancli.metrics.frechet import Estimate
from tests.conftest import tiny


def lines():
    return [json.loads(line) for line in Path("ckpt/metrics.jsonl").read_text().splitlines()]


def scored(monkeypatch, values):
    """Let the Fréchet distances of a training be these."""
    left = iter(values)
    monkeypatch.setattr(fid, "frechet", lambda *_: Estimate(next(left), 0.1, 0.0))


def train(gancli, *options, **changes):
    sizes = {"steps": 60, "evaluate_every": 10, "evaluate_samples": 50, "checkpoint_every": 60, "keep": 1}
    return gancli("train", "digits", *tiny(**sizes | changes), *options)
