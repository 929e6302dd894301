"""Whatever a file holds that a command reads, it is read or refused with one line. (Images, arrays and tables of
classes: ``tests/data/images/test_any_bytes.py``.)"""

import io
import json
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gancli.config import settings as fields
from gancli.data.labeled import choose
from gancli.data.load import load
from gancli.errors import GancliError
from gancli.features.inception.torch_file import read_tensors
from gancli.metrics.statistics import Statistics, holds_statistics
from gancli.recipes.files import read_config
from gancli.recipes.presets import PRESETS
from gancli.recipes.request import Request
from gancli.recipes.resolve import resolve, toml_of
from gancli.runs.exported import WEIGHTS, read_weights, write_weights
from gancli.runs.folder import CONFIG, METRICS, DataRecord, Run, RunRecord
from gancli.workflows.compare import compare
from tests.playing import small
from tests.storm.damage import changed, damaged, times, values

TORCH = Path(__file__).parents[1] / "features" / "inception" / "fixtures"


def refused_or_read(read, *arguments):
    """Return what ``read`` does; None where it refuses with one line."""
    try:
        return read(*arguments)
    except GancliError as error:
        assert str(error)  # noqa: PT017 (an error is as right as a result)
        assert "\n" not in str(error)  # noqa: PT017
        return None


@cache
def whole_configs():
    config = resolve("mnist", "mnist-dcgan", {})
    return [toml_of(config).encode(), json.dumps(config.to_dict()).encode(), b"loss: hinge\nbatch-size: 7\nlr: 1e-3\n"]


@times(150)
@given(damaged(whole_configs), st.sampled_from([".toml", ".yaml", ".json"]))
def test_configurations(content, ending):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"config{ending}"
        path.write_bytes(content)
        refused_or_read(read_config, path)
        refused_or_read(lambda: Request.read(None, None, path, {}, None).config())


@times(200)
@given(st.dictionaries(st.sampled_from([*fields(), "lr", "preset", "dataset", "config"]), values, max_size=3))
def test_values_of_configurations(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.json"
        path.write_text(json.dumps(content))
        refused_or_read(lambda: Request.read("digits", None, path, {}, None).config())


@cache
def recorded():
    """Return a record of a run, and lines of its log."""
    config = resolve("digits", None, {"generator_widths": (4,), "discriminator_widths": (4,)})
    data = DataRecord("data", (8, 8, 1), True, 1297, (1, config.batch_size), "0" * 64)
    record = RunRecord("0", config, (data,), {}, {})
    line = {"step": 10, "images_seen": 100, "fid": {"value": 1.0, "standard_error": 0.1}, "d_real": 0.5}
    return json.loads(record.to_json()), [line, line | {"step": 20}]


def opened(folder):
    """Open a run, and lay out its game."""
    return Run.open(Path(folder)).record.game()


@times(150)
@given(st.data())
def test_records_of_runs(data):
    record, _ = recorded()
    content = data.draw(changed(record).map(lambda one: json.dumps(one).encode()) | damaged(whole_records))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / CONFIG).write_bytes(content)
        refused_or_read(opened, folder)


@cache
def whole_records():
    return [json.dumps(recorded()[0]).encode()]


@times(150)
@given(st.data())
def test_logs_of_runs(data):
    record, lines = recorded()
    content = "\n".join(json.dumps(data.draw(changed(line))) for line in lines)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / CONFIG).write_text(json.dumps(record))
        (Path(folder) / METRICS).write_text(content)
        run = Run.open(Path(folder))
        refused_or_read(run.metrics)
        refused_or_read(run.best_step, [10, 20])


@cache
def whole_statistics():
    found = []
    for save in (np.savez, np.savez_compressed):
        buffer = io.BytesIO()
        save(buffer, mu=np.arange(3.0), sigma=np.eye(3), n=np.array(7))
        found.append(buffer.getvalue())
    return found


@times(150)
@given(damaged(whole_statistics))
def test_statistics(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.npz"
        path.write_bytes(content)
        refused_or_read(holds_statistics, path)
        refused_or_read(Statistics.load, path)


@times(150)
@given(
    st.dictionaries(
        st.sampled_from(["mu", "sigma", "n", "features"]),
        st.sampled_from([np.arange(3.0), np.eye(3), -np.eye(3), np.full((3, 3), np.nan), np.array("a"), np.array(-1)]),
    )
)
def test_arrays_of_statistics(arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.npz"
        path.write_bytes(buffer.getvalue())
        found = refused_or_read(Statistics.load, path)
        assert found is None or np.linalg.eigvalsh(found.gaussian.covariance)[0] >= 0


@cache
def whole_torch_files():
    return [(TORCH / name).read_bytes() for name in ("torch_zip.pth", "torch_legacy.pth")]


@times(200)
@given(damaged(whole_torch_files))
def test_weights_of_pytorch(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.pth"
        path.write_bytes(content)
        refused_or_read(read_tensors, path)


@cache
def exported():
    game, state = small()
    with tempfile.TemporaryDirectory() as folder:
        write_weights(Path(folder) / WEIGHTS, state.params["generator"], None, 7, ema=True)
        return game, (Path(folder) / WEIGHTS).read_bytes()


@times(150)
@given(damaged(lambda: [exported()[1]]))
def test_exported_weights(content):
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / WEIGHTS).write_bytes(content)
        refused_or_read(lambda: read_weights(Path(folder), exported()[0], step="latest", ema=True))


@cache
def result():
    measured = {
        "value": 1.0,
        "standard_error": 0.1,
        "protocol": {"n": 10, "features": "a"},
        "protocol_text": "fid: n=10",
    }
    return {"gancli": "0", "source": "a", "metrics": {"fid": measured}}


@times(150)
@given(changed(result()) | values)
def test_results_that_are_compared(content):
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("a.json", "b.json")]
        paths[0].write_text(json.dumps(content))
        paths[1].write_text(json.dumps(result()))
        refused_or_read(compare, paths)


tables = st.text(st.sampled_from('0123456789,;\t"\n\r\0\\ -ézero'), max_size=60)


@times(150)
@given(tables | tables.map(lambda text: "place,class\n0,0\n" + text))
def test_tables_of_labels(text):
    dataset = load("digits")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "labels.csv"
        path.write_text(text, encoding="utf-8", newline="")
        found = refused_or_read(choose, str(path), dataset, 0)
        assert found is None or len(found.places) == len(set(found.places.tolist()))


@times(50)
@given(st.sampled_from(sorted(PRESETS)), st.dictionaries(st.sampled_from(sorted(fields())), values, max_size=3))
def test_values_beside_a_preset(preset, options):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.json"
        path.write_text(json.dumps(options))
        refused_or_read(lambda: Request.read(PRESETS[preset].dataset or "digits", preset, path, {}, None).config())
