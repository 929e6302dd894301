"""What is kept while training: the best checkpoint, and when patience is over."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gancli.monitoring.recorder import Recorder
from gancli.reporting import Progress, Silence
from gancli.runs.folder import Run
from tests.monitoring.evaluated import lines, scored, train
from tests.reports.recorded import measured, recorded


def test_the_best_checkpoint_stays_and_can_be_named(gancli, monkeypatch):
    scored(monkeypatch, [5.0, 2.0, 3.0, 2.0, 4.0, 4.0])
    code, out, _ = train(gancli, sample_every=60)
    assert code == 0
    assert "ckpt/samples/fakes000020.png (of the best step; of the last one: fakes000060.png)" in out
    run = Run.open(Path("ckpt"))
    with run.checkpoints() as checkpoints:
        assert checkpoints.steps() == [20, 60]
    assert list(run.samples()) == [0, 10, 20, 30, 60]  # those before 60, and the best ones
    code, out, _ = gancli("sample", "--step", "best", "--json")
    assert (code, json.loads(out)["step"]) == (0, 20)
    for command in (["interpolate"], ["evaluate", "--modes", "--samples", "20"], ["parzen", "--samples", "20"]):
        code, out, _ = gancli(*command, "--step", "best", "--json")
        assert (code, json.loads(out)["step"]) == (0, 20)


def test_a_score_that_should_be_high_is_read_so(gancli):
    assert train(gancli, steps=30, metrics="inception-score")[0] == 0
    scores = {line["step"]: line["inception_score"]["mean"] for line in lines()}
    assert json.loads(gancli("sample", "--step", "best", "--json")[1])["step"] == max(scores, key=lambda s: scores[s])


def test_patience_stops_and_saves(gancli, monkeypatch):
    scored(monkeypatch, [5.0, 2.0, 3.0, 2.0, 1.0, 1.0])
    code, out, _ = train(gancli, patience=2)
    assert code == 0
    assert "steps       40 (640 images)" in out
    with Run.open(Path("ckpt")).checkpoints() as checkpoints:
        assert checkpoints.steps() == [20, 40]


def test_resuming_remembers_the_best(gancli, monkeypatch):
    scored(monkeypatch, [5.0, 2.0, 3.0])
    train(gancli, steps=30)
    scored(monkeypatch, [4.0, 2.5, 2.2])
    assert train(gancli, "--resume", steps=60)[0] == 0
    assert [line["fid"]["value"] for line in lines()] == [5.0, 2.0, 3.0, 4.0, 2.5, 2.2]
    with Run.open(Path("ckpt")).checkpoints() as checkpoints:
        assert checkpoints.steps() == [20, 60]


class Listener(Silence):
    def __init__(self):
        self.heard = []

    def status(self, message):
        self.heard.append(("status", message))

    def warning(self, message):
        self.heard.append(("warning", message))


@pytest.mark.parametrize(
    ("on_spike", "heard"),
    [
        ("cut", ("status", "step 30  gradients far longer than usual were cut: 2 of the discriminator")),
        ("warn", ("warning", "step 30  gradients far longer than usual: 2 of the discriminator")),
    ],
)
def test_spikes_are_said_and_counted(digits_run, tmp_path, on_spike, heard):
    before = measured(10, generator_spikes=3.0, discriminator_spikes=0.0)
    run = recorded(digits_run, tmp_path / "made", [before], on_spike=on_spike).run
    game, listener = cast("Any", SimpleNamespace(config=run.record.config)), Listener()
    recorder = Recorder(run, game, cast("Any", None), cast("Any", None), listener)
    for step, found in ((25, 0.0), (30, 2.0)):  # at which nothing else is due
        spikes = {"generator_spikes": 0.0, "discriminator_spikes": found}
        recorder.record(cast("Any", None), Progress(step, 16 * step, 100.0, spikes, ""), {}, stopping=False)
    assert listener.heard == [heard]
    assert recorder.spikes() == 5
