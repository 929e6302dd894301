"""Run folders: what they say of a run, and what cannot be read."""

import json

import pytest

from gancli import __version__
from gancli.errors import GancliError
from gancli.runs.folder import DataRecord, Run


def test_config_json_says_everything(run):
    values = json.loads((run.folder / "config.json").read_text())
    assert set(values) == {"format", "gancli", "config", "domains", "machine", "files"}
    assert (values["format"], values["gancli"]) == (2, __version__)
    assert values["config"]["seed"] == 0
    assert set(values["machine"]) == {"python", "platform", "cpus", "devices", "versions", "environment"}
    (data,) = values["domains"]
    assert (data["name"], data["shape"], data["rows"]) == ("data", [8, 8, 1], [1, 32])
    assert (data["is_images"], data["num_examples"]) == (True, 1297)
    assert len(data["sha256"]) == 64
    assert (data["contrast"], data["classes"], data["labels_sha256"]) == (None, None, None)
    assert values["files"] == {"loss": None, "model": None, "game": None}
    assert Run.open(run.folder).record == run.record


def test_how_many_devices_share_a_batch_is_recorded(run):
    assert run.record.config.devices == 1  # 0, as many as are worth it, is settled before a run begins


def test_a_record_of_data_survives_json():
    record = DataRecord(
        name="data",
        shape=(4, 4, 1),
        is_images=True,
        num_examples=7,
        rows=(2, 3),
        sha256="0" * 64,
        contrast={"length": 55.0, "typical_mean": 0.5, "typical_length": 2.0},
        classes={"cats": 3, "dogs": 4},
        labels_sha256="1" * 64,
    )
    assert DataRecord.from_dict(json.loads(json.dumps(record.__dict__))) == record


@pytest.mark.parametrize("version", ["0.1.0", "0.0.3"])
def test_a_run_of_an_older_gancli_is_one_line(run, gancli, version):
    path = run.folder / "config.json"
    values = json.loads(path.read_text())
    (data,) = values.pop("domains")
    del values["format"], values["files"]
    path.write_text(json.dumps(values | {"gancli": version, "data": data}))
    message = (
        f"cannot read {path}: it was written by gancli {version}, whose runs this version cannot read. "
        "Use that version, or train again."
    )
    with pytest.raises(GancliError) as caught:
        Run.open(run.folder)
    assert str(caught.value) == message
    for command in (("sample", run.folder), ("train", "digits", "--outdir", run.folder, "--resume")):
        assert gancli(*command) == (1, "", f"error: {message}\n")


def test_metrics_cut_short_by_a_crash_are_left_out(run):
    with (run.folder / "metrics.jsonl").open("a") as file:
        file.write('{"step": 50, "val')
    assert [entry["step"] for entry in run.metrics()] == [10, 20, 30, 40]
    run.forget_after(20)
    assert [entry["step"] for entry in run.metrics()] == [10, 20]


def test_a_metrics_line_says_everything(run):
    always = {
        *("step", "images_seen", "images_per_second", "discriminator_loss", "generator_loss", "d_real", "d_fake"),
        *("penalty", "jsd_bound", "discriminator_gradient_norm", "generator_gradient_norm"),
    }
    accuracies = {"accuracy_train", "accuracy_held_out", "accuracy_fake", "memorization_gap"}
    first, _, third, fourth = run.metrics()
    assert set(third) == always
    assert set(first) == set(fourth) == always | accuracies
    assert first["images_seen"] == 320
    assert fourth["memorization_gap"] == fourth["accuracy_train"] - fourth["accuracy_held_out"]


def test_a_lock_alone_is_in_nobodys_way(tmp_path, run):
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / ".lock").write_text("process 1 on nowhere\n")
    Run.check_free(tmp_path / "new", overwrite=False)
    assert Run.create(tmp_path / "new", run.record).folder == tmp_path / "new"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine").touch()
    with pytest.raises(GancliError, match="exists and is not a run"):
        Run.check_free(tmp_path / "other", overwrite=True)


@pytest.mark.parametrize(
    "change",
    [
        lambda values: [],
        lambda values: None,
        lambda values: values | {"config": []},
        lambda values: values | {"config": values["config"] | {"seed": "a"}},
        lambda values: values | {"domains": []},
        lambda values: values | {"domains": [1]},
        lambda values: values | {"domains": [values["domains"][0] | {"shape": "abc"}]},
        *(
            lambda values, change=change: values | {"domains": [values["domains"][0] | change]}
            for change in ({"rows": None}, {"rows": [0]}, {"shape": None}, {"num_examples": None}, {"num_examples": 0})
        ),
        lambda values: values | {"domains": [values["domains"][0] | {"classes": ["a"]}]},
        lambda values: values | {"domains": [values["domains"][0] | {"contrast": {"a": 1}}]},
        lambda values: values | {"machine": 3},
        lambda values: {name: part for name, part in values.items() if name != "files"},
    ],
)
def test_a_record_that_somebody_changed_is_one_line(run, gancli, change):
    path = run.folder / "config.json"
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    code, out, err = gancli("sample", run.folder)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith(f"error: cannot read {path}: ")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[" * 100_000])
def test_a_damaged_record_is_one_line(run, content):
    (run.folder / "config.json").write_bytes(content)
    with pytest.raises(GancliError, match="cannot read"):
        Run.open(run.folder)


def test_a_record_that_an_editor_marked_as_utf_8_is_read(run):
    path = run.folder / "config.json"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert Run.open(run.folder).record == run.record


@pytest.mark.parametrize("line", [b"\xff", b"[]", b"3", b'{"a": 1}', b'{"step": "x"}', b"[" * 100_000])
def test_lines_that_are_no_metrics_are_left_out(run, line):
    kept = run.metrics()
    path = run.folder / "metrics.jsonl"
    path.write_bytes(line + b"\n" + path.read_bytes())
    assert run.metrics() == kept
    run.forget_after(kept[-1]["step"])
    assert run.metrics() == kept


@pytest.mark.parametrize("name", ["none.png", "none.JPG", "none.zip", "none.npz", "none.tar.gz"])
def test_a_file_that_is_not_there_is_no_run(gancli, tmp_path, name):
    for command in (("evaluate", tmp_path / name, "--fid"), ("parzen", tmp_path / name), ("sample", tmp_path / name)):
        assert gancli(*command) == (1, "", f"error: no such file: '{tmp_path / name}'.\n")


def test_what_a_killed_training_was_about_to_write_is_removed_and_nothing_else(run):
    kept = sorted(run.folder.rglob("*"))
    parts = [run.folder / f".{name}.0123456789ab.part" for name in ("config.json", "config.toml", "metrics.jsonl")]
    parts += [
        run.folder / ".curves.png.0123456789ab.part",
        run.folder / "samples" / ".fakes000010.png.0123456789ab.part",
    ]
    others = [run.folder / ".report.html.0123456789ab.part"]  # of another command, which may be at it
    for path in (*parts, *others):
        path.touch()
    Run.remove_unfinished(run.folder)
    assert sorted(run.folder.rglob("*")) == sorted([*kept, *others])


def test_a_run_that_was_killed_before_it_had_a_record_is_in_nobodys_way(tmp_path):
    (tmp_path / ".config.json.0123456789ab.part").touch()
    (tmp_path / ".lock").touch()
    Run.check_free(tmp_path, overwrite=False)
    (tmp_path / "something").touch()
    with pytest.raises(GancliError, match="exists and is not a run"):
        Run.check_free(tmp_path, overwrite=False)
