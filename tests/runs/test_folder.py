"""Run folders and checkpoints: what is whole is used, what is not is said."""

import dataclasses
import json
import shutil
import subprocess

import jax
import numpy as np
import pytest

from gancli.errors import GancliError
from gancli.runs.folder import Run, join_state, layout


@pytest.fixture
def run(digits_run, tmp_path):
    """A copy that a test may damage."""
    folder = tmp_path / "run"
    shutil.copytree(digits_run, folder)
    return Run.open(folder)


def data_files(run, step, item="ema"):
    return sorted((run.folder / "checkpoints" / str(step) / item).rglob("d/*"))


def test_a_state_survives_a_checkpoint_bit_for_bit(run, tmp_path):
    gan = run.record.gan()
    with run.checkpoints() as checkpoints:
        assert checkpoints.steps() == [20, 40]
        step, items, skipped = checkpoints.newest(gan, ("generator", "ema", "discriminator", "training"))
    assert (step, skipped) == (40, [])
    state = join_state(items)
    assert int(state.step) == 40
    fresh = gan.init(np.zeros(gan.data_shape))
    assert jax.tree.structure(state) == jax.tree.structure(fresh)
    with Run(tmp_path, run.record).checkpoints(writable=True) as checkpoints:
        checkpoints.save(state)
        checkpoints.wait()
        again = checkpoints.restore(gan, tuple(items), 40)
    jax.tree.map(np.testing.assert_array_equal, again, items)
    sums = run.folder / "checkpoints" / "40"
    subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=sums, check=True)


def test_the_layout_sees_shapes_types_and_places_but_not_values():
    base = layout({"a": np.zeros(4, np.float32)})
    assert layout({"a": np.ones(4, np.float32)}) == base
    for other in (
        {"a": np.zeros((2, 2), np.float32)},
        {"a": np.zeros(4, np.int32)},
        {"b": np.zeros(4, np.float32)},
    ):
        assert layout(other) != base


def test_config_json_says_everything(run):
    values = json.loads((run.folder / "config.json").read_text())
    assert set(values) == {"gancli", "config", "data", "machine"}
    assert values["config"]["seed"] == 0
    assert set(values["machine"]) == {"python", "platform", "cpus", "devices", "versions"}
    assert values["data"]["shape"] == [8, 8, 1]
    assert len(values["data"]["sha256"]) == 64
    assert Run.open(run.folder).record == run.record


def test_flipped_bytes_are_noticed_and_the_older_checkpoint_used(run):
    for file in data_files(run, 40):
        content = bytearray(file.read_bytes())
        middle = len(content) // 2
        content[middle : middle + 64] = bytes(byte ^ 255 for byte in content[middle : middle + 64])
        file.write_bytes(content)
    with run.checkpoints() as checkpoints:
        step, _, skipped = checkpoints.newest(run.record.gan(), ("ema",))
    assert step == 20
    assert len(skipped) == 1
    assert skipped[0].startswith(f"checkpoint 40 of '{run.folder}' is damaged: ema/")
    assert skipped[0].endswith(" is not what was saved.")


@pytest.mark.parametrize("damage", ["truncate", "remove"])
def test_a_truncated_checkpoint_is_one_line(run, damage):
    for step in (20, 40):
        for file in data_files(run, step):
            if damage == "remove":
                file.unlink()
            else:
                file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with run.checkpoints() as checkpoints, pytest.raises(GancliError) as caught:
        checkpoints.newest(run.record.gan(), ("ema",))
    message = str(caught.value)
    assert message.startswith(f"checkpoint 40 of '{run.folder}' is damaged: ema/")
    assert message.endswith({"remove": " is missing.", "truncate": " is not what was saved."}[damage])
    assert "\n" not in message


def test_a_foreign_checkpoint_is_one_line(run):
    for step in ("20", "40"):
        shutil.rmtree(run.folder / "checkpoints" / step)
    (run.folder / "checkpoints" / "50").mkdir()
    (run.folder / "checkpoints" / "50" / "weights.bin").write_bytes(b"?")
    with run.checkpoints() as checkpoints, pytest.raises(GancliError) as caught:
        checkpoints.newest(run.record.gan(), ("ema",))
    assert str(caught.value) == f"checkpoint 50 of '{run.folder}' is not gancli's, or damaged: it has no SHA256SUMS."


def test_a_checkpoint_of_other_networks_is_one_line(run, capfd):
    path = run.folder / "config.json"
    path.write_text(path.read_text().replace('"latent_size": 8', '"latent_size": 9'))
    changed = Run.open(run.folder)
    with changed.checkpoints() as checkpoints, pytest.raises(GancliError) as caught:
        checkpoints.restore(changed.record.gan(), ("ema",), 40)
    assert str(caught.value) == (
        f"checkpoint 40 of '{run.folder}' is of another configuration than the run's config.json."
    )
    assert capfd.readouterr() == ("", "")


def test_what_a_crash_leaves_while_saving_is_not_a_checkpoint(run):
    (run.folder / "checkpoints" / "40").rename(run.folder / "checkpoints" / "60.orbax-checkpoint-tmp")
    with run.checkpoints() as checkpoints:
        assert checkpoints.steps() == [20]
    with run.checkpoints(writable=True) as checkpoints:
        assert checkpoints.steps() == [20]


def test_only_the_newest_are_kept(run):
    gan = run.record.gan()
    config = dataclasses.replace(run.record.config, keep=2)
    fewer = Run(run.folder, dataclasses.replace(run.record, config=config))
    with fewer.checkpoints(writable=True) as checkpoints:
        state = join_state(checkpoints.restore(gan, ("generator", "ema", "discriminator", "training"), 40))
        checkpoints.save(state._replace(step=np.int32(60)))
        checkpoints.wait()
        assert checkpoints.steps() == [40, 60]


def test_damaged_checkpoints_are_set_aside_not_deleted(run):
    with run.checkpoints(writable=True) as checkpoints:
        checkpoints.set_aside_after(20)
        assert checkpoints.steps() == [20]
    assert (run.folder / "damaged" / "40" / "ema").is_dir()


def test_an_absent_step_is_named_with_those_that_exist(run):
    with run.checkpoints() as checkpoints, pytest.raises(GancliError) as caught:
        checkpoints.restore(run.record.gan(), ("ema",), 30)
    assert str(caught.value) == f"'{run.folder}' has no checkpoint of step 30. Complete ones: 20, 40."


def test_metrics_cut_short_by_a_crash_are_left_out(run):
    with (run.folder / "metrics.jsonl").open("a") as file:
        file.write('{"step": 50, "val')
    assert [entry["step"] for entry in run.metrics()] == [10, 20, 30, 40]
    run.forget_after(20)
    assert [entry["step"] for entry in run.metrics()] == [10, 20]


def test_a_metrics_line_says_everything(run):
    assert set(run.metrics()[0]) == {
        *("step", "images_seen", "images_per_second", "discriminator_loss", "generator_loss", "d_real", "d_fake"),
        *("penalty", "jsd_bound", "discriminator_gradient_norm", "generator_gradient_norm"),
    }
    assert run.metrics()[0]["images_seen"] == 320
