"""Checkpoints: what is whole is used, what is not is said."""

import dataclasses
import shutil
import subprocess

import jax
import numpy as np
import pytest

from gancli.errors import GancliError
from gancli.runs.checkpoints import digest
from gancli.runs.folder import Run
from gancli.training.game import layout
from gancli.training.state import join_state, split_state
from tests.playing import assert_equal

AVERAGE = "generator.average"
NETWORKS = ("generator", AVERAGE, "discriminator")
ITEMS = (*NETWORKS, "training")


def data_files(run, step, item=AVERAGE):
    return sorted((run.folder / "checkpoints" / str(step) / item).rglob("d/*"))


def test_a_state_survives_a_checkpoint_bit_for_bit(run, tmp_path):
    game = run.record.game()
    with run.checkpoints() as checkpoints:
        assert checkpoints.steps() == [20, 40]
        step, items, skipped = checkpoints.newest(game, ITEMS)
    assert (step, skipped) == (40, [])
    state = join_state(items)
    assert int(state.step) == 40
    assert jax.tree.structure(state) == jax.tree.structure(layout(game))
    with Run(tmp_path, run.record).checkpoints(writable=True) as checkpoints:
        checkpoints.save(state)
        checkpoints.wait()
        again = checkpoints.restore(game, ITEMS, 40)
    assert_equal(again, items)
    sums = run.folder / "checkpoints" / "40"
    subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=sums, check=True)


def test_a_checkpoint_has_an_item_for_each_player_each_average_and_the_rest(run):
    names = {path.name for path in (run.folder / "checkpoints" / "40").iterdir() if path.is_dir()}
    assert names == {*ITEMS, "layout"}
    assert set(jax.eval_shape(split_state, layout(run.record.game()))) == set(ITEMS)


def test_the_digest_sees_shapes_types_and_places_but_not_values():
    base = digest({"a": np.zeros(4, np.float32)})
    assert digest({"a": np.ones(4, np.float32)}) == base
    for other in (
        {"a": np.zeros((2, 2), np.float32)},
        {"a": np.zeros(4, np.int32)},
        {"b": np.zeros(4, np.float32)},
    ):
        assert digest(other) != base


def test_flipped_bytes_are_noticed_and_the_older_checkpoint_used(run):
    for file in data_files(run, 40):
        content = bytearray(file.read_bytes())
        middle = len(content) // 2
        content[middle : middle + 64] = bytes(byte ^ 255 for byte in content[middle : middle + 64])
        file.write_bytes(content)
    with run.checkpoints() as checkpoints:
        step, _, skipped = checkpoints.newest(run.record.game(), (AVERAGE,))
    assert step == 20
    assert len(skipped) == 1
    assert skipped[0].startswith(f"checkpoint 40 of '{run.folder}' is damaged: {AVERAGE}/")
    assert skipped[0].endswith(" is not what was saved.")


def test_damage_in_one_item_leaves_the_others_readable(run):
    for file in data_files(run, 40, "discriminator"):
        file.write_bytes(b"?")
    with run.checkpoints() as checkpoints:
        assert checkpoints.newest(run.record.game(), (AVERAGE,))[0] == 40
        assert checkpoints.newest(run.record.game(), (AVERAGE, "discriminator"))[0] == 20


@pytest.mark.parametrize("damage", ["truncate", "remove"])
def test_a_truncated_checkpoint_is_one_line(run, damage):
    for step in (20, 40):
        for file in data_files(run, step):
            if damage == "remove":
                file.unlink()
            else:
                file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with run.checkpoints() as checkpoints, pytest.raises(GancliError) as caught:
        checkpoints.newest(run.record.game(), (AVERAGE,))
    message = str(caught.value)
    assert message.startswith(f"checkpoint 40 of '{run.folder}' is damaged: {AVERAGE}/")
    assert message.endswith({"remove": " is missing.", "truncate": " is not what was saved."}[damage])
    assert "\n" not in message


def test_a_foreign_checkpoint_is_one_line(run):
    for step in ("20", "40"):
        shutil.rmtree(run.folder / "checkpoints" / step)
    (run.folder / "checkpoints" / "50").mkdir()
    (run.folder / "checkpoints" / "50" / "weights.bin").write_bytes(b"?")
    with run.checkpoints() as checkpoints, pytest.raises(GancliError) as caught:
        checkpoints.newest(run.record.game(), (AVERAGE,))
    assert str(caught.value) == f"checkpoint 50 of '{run.folder}' is not gancli's, or damaged: it has no SHA256SUMS."


def test_a_checkpoint_of_other_networks_is_one_line(run, capfd):
    path = run.folder / "config.json"
    path.write_text(path.read_text().replace('"latent_size": 8', '"latent_size": 9'))
    changed = Run.open(run.folder)
    with changed.checkpoints() as checkpoints, pytest.raises(GancliError) as caught:
        checkpoints.restore(changed.record.game(), (AVERAGE,), 40)
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
    config = dataclasses.replace(run.record.config, keep=2)
    fewer = Run(run.folder, dataclasses.replace(run.record, config=config))
    with fewer.checkpoints(writable=True) as checkpoints:
        state = join_state(checkpoints.restore(run.record.game(), ITEMS, 40))
        checkpoints.save(state._replace(step=np.int32(60)))
        checkpoints.wait()
        assert checkpoints.steps() == [40, 60]


def test_damaged_checkpoints_are_set_aside_not_deleted(run):
    with run.checkpoints(writable=True) as checkpoints:
        checkpoints.set_aside_after(20)
        assert checkpoints.steps() == [20]
    assert (run.folder / "damaged" / "40" / AVERAGE).is_dir()


def test_an_absent_step_is_named_with_those_that_exist(run):
    with run.checkpoints() as checkpoints, pytest.raises(GancliError) as caught:
        checkpoints.restore(run.record.game(), (AVERAGE,), 30)
    assert str(caught.value) == f"'{run.folder}' has no checkpoint of step 30. Complete ones: 20, 40."


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"something else\n"])
def test_sums_that_do_not_list_an_item_verify_nothing(run, content):
    (run.folder / "checkpoints" / "40" / "SHA256SUMS").write_bytes(content)
    with run.checkpoints() as checkpoints, pytest.raises(GancliError) as caught:
        checkpoints.restore(run.record.game(), ("generator",), 40)
    assert str(caught.value) == (f"checkpoint 40 of '{run.folder}' is damaged: its SHA256SUMS does not list generator.")


def test_sums_that_end_too_soon_verify_nothing(run):
    sums = run.folder / "checkpoints" / "40" / "SHA256SUMS"
    lines = sums.read_text().splitlines(keepends=True)
    sums.write_text("".join(lines[:-1]))
    name = lines[-1].partition("  ")[2].strip()
    with run.checkpoints() as checkpoints, pytest.raises(GancliError) as caught:
        checkpoints.restore(run.record.game(), ITEMS, 40)
    assert str(caught.value) == f"checkpoint 40 of '{run.folder}' is damaged: its SHA256SUMS does not list {name}."
