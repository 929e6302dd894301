"""A trained run, loaded: which weights it has, of which step."""

import dataclasses
import json
from typing import Any

import numpy as np
import pytest

from gancli.data.load import load
from gancli.errors import UsageError
from gancli.runs.folder import Run
from gancli.runs.trained import Trained, check_data, check_fits
from tests.playing import assert_equal


def restored(run, step, *names):
    with run.checkpoints() as checkpoints:
        return checkpoints.restore(run.record.game(), names, step)


def test_the_generator_is_averaged_where_asked_for_and_nothing_else_is(digits_run):
    items = restored(Run.open(digits_run), 40, "generator", "generator.average", "discriminator")
    for ema, item in ((True, "generator.average"), (False, "generator")):
        trained = Trained.load(digits_run, step="latest", ema=ema)
        assert (trained.step, trained.ema, trained.notes) == (40, ema, ())
        assert_equal(trained.weights, {"generator": items[item], "discriminator": items["discriminator"]})
        assert_equal(trained.pair.generator, items[item])
        assert_equal(trained.pair.discriminator, items["discriminator"])
    older = Trained.load(digits_run, step=20, ema=True)
    assert older.step == 20
    assert not np.array_equal(older.pair.generator["output"]["bias"], items["generator.average"]["output"]["bias"])


def test_the_best_step_is_that_of_the_best_score(run):
    for line in run.metrics():
        run.append_metrics(line | {"fid": {"value": {20: 1.0, 40: 2.0}.get(line["step"], 0.5)}})
    assert run.record.config.metrics[0] == "fid"
    assert Trained.load(run.folder, step="best", ema=True).step == 20


def test_a_damaged_checkpoint_is_passed_over_with_a_note(run):
    for file in (run.folder / "checkpoints" / "40" / "discriminator").rglob("d/*"):
        file.unlink()
    trained = Trained.load(run.folder, step="latest", ema=True)
    assert trained.step == 20
    (note,) = trained.notes
    assert note.startswith(f"checkpoint 40 of '{run.folder}' is damaged: discriminator/")


def test_its_domain_is_the_datas_and_its_data_that_it_was_trained_on(digits_run):
    trained = Trained.load(digits_run, step="latest", ema=True)
    domain = trained.domain
    assert (domain.name, domain.shape, domain.num_examples) == ("data", (8, 8, 1), 1297)
    assert (domain.rows, domain.num_classes, trained.is_images) == ((1, 32), 0, True)
    assert trained.load_data(None).fingerprint == trained.run.record.data.sha256
    assert len(trained.load_data(None, "validation")) == 250


def test_data_of_another_shape_does_not_fit(run):
    data = Trained.load(run.folder, step="latest", ema=True).load_data(None)
    path = run.folder / "config.json"
    values = json.loads(path.read_text())
    values["domains"][0]["shape"] = [4, 4, 1]
    path.write_text(json.dumps(values))
    with pytest.raises(UsageError) as caught:
        check_fits(data, Run.open(run.folder))
    assert str(caught.value) == (
        f"data set 'digits' has examples of shape 8x8x1, but the run in '{run.folder}' was trained on 'digits' "
        "with 4x4x1."
    )


@pytest.mark.parametrize("change", [{"sha256": "0" * 64}, {"classes": {"0": 1}, "labels_sha256": "0" * 64}])
def test_other_data_of_the_same_shape_is_refused(run, change):
    path = run.folder / "config.json"
    values = json.loads(path.read_text())
    values["domains"][0] |= change
    path.write_text(json.dumps(values))
    run = Run.open(run.folder)
    said = (
        f"the training examples of '{{}}' found here are not those that the run in '{run.folder}' began with (other "
        "content, order or classes). "
    )
    with pytest.raises(UsageError) as caught:
        check_data(load("digits"), run, "or do without")
    assert str(caught.value) == said.format("digits") + "Give the --data-dir that it began with."
    own = dataclasses.replace(load("digits"), name="./pictures")
    for cure, told in (("or do without", ", or do without."), ("", ".")):
        with pytest.raises(UsageError) as caught:
            check_data(own, run, cure)
        assert str(caught.value) == said.format("./pictures") + f"Put the images back as they were{told}"


def test_no_split_of_other_data_is_loaded(run):
    trained = Trained.load(run.folder, step="latest", ema=True)
    data = dataclasses.replace(run.record.data, sha256="0" * 64)
    record = dataclasses.replace(trained.run.record, domains=(data,))
    changed = dataclasses.replace(trained, run=dataclasses.replace(trained.run, record=record))
    for split in ("train", "validation", "test"):
        with pytest.raises(UsageError, match="are not those that the run in"):
            changed.load_data(None, split)


def test_a_class_goes_by_its_name_or_its_number(digits_run):
    trained = Trained.load(digits_run, step="latest", ema=True)
    with pytest.raises(UsageError) as caught:
        trained.label("3")
    assert str(caught.value) == f"the run in '{digits_run}' is not class-conditional. Train one with --conditional."
    record = trained.run.record
    data = dataclasses.replace(record.data, classes={"cats": 3, "dogs": 4, "rare": 0})
    run = dataclasses.replace(trained.run, record=dataclasses.replace(record, domains=(data,)))
    played: Any = trained.game
    scores = dataclasses.replace(played.scores, domain=data.domain)
    draws = dataclasses.replace(played.draws, domain=data.domain)
    game = dataclasses.replace(played, draws=draws, scores=scores)
    classified = dataclasses.replace(trained, run=run, game=game)
    assert [classified.label(name) for name in ("cats", "dogs", "0", "1")] == [0, 1, 0, 1]
    with pytest.raises(UsageError, match=r"^unknown class '3'\. Known: cats, dogs, rare\.$"):
        classified.label("3")
    for name in ("rare", "2"):
        with pytest.raises(UsageError) as caught:
            classified.label(name)
        assert str(caught.value) == (
            f"class '{name}' has no training images, so the run in '{digits_run}' cannot draw it. "
            "It can draw: cats, dogs."
        )
