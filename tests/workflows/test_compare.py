"""``gancli compare``: what is ranked, what is not and why, and what it says about bad input."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from gancli.data.load import load
from tests.conftest import write_folder


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_results_of_one_protocol_are_ranked(digits_run, gancli):
    for name, options in (("a", ["--no-ema"]), ("b", []), ("c", ["--samples", "60"])):
        code, out, _ = gancli("evaluate", digits_run, "--samples", 50, "--all", "--json", *options)
        assert code == 0
        Path(f"{name}.json").write_text(out)
    code, out, err = gancli("compare", "a.json", "b.json")
    assert (code, err) == (0, "")
    rows = [line.split() for line in out.splitlines()]
    assert ["metric", "a.json", "b.json"] in rows
    assert next(row for row in rows if row[:2] == ["fid", "↓"]).count("*") == 1
    assert all("*" in next(row for row in rows if row[:2] == [name, "↑"]) for name in ("precision", "recall"))
    assert next(row for row in rows if row[:2] == ["nearest", "closer"]).count("*") == 0
    assert out.splitlines()[-1] == "* best by one protocol; ↓ lower is better, ↑ higher is better"
    code, out, _ = gancli("compare", "a.json", "b.json", "--json")
    metrics = json.loads(out)["metrics"]
    values = [one["value"] for one in metrics["fid"]["values"]]
    assert metrics["fid"]["ranks"] == {"value": [1 + int(values[0] > values[1]), 1 + int(values[1] > values[0])]}
    coverage = [one["coverage"] for one in metrics["density-coverage"]["values"]]
    best = metrics["density-coverage"]["ranks"]["coverage"].index(1)
    assert coverage[best] == max(coverage)


def test_unlike_protocols_are_not_ranked(digits_run, gancli):
    for name, count in (("a", 50), ("b", 60)):
        Path(f"{name}.json").write_text(gancli("evaluate", digits_run, "--samples", count, "--fid", "--json")[1])
    code, out, err = gancli("compare", "a.json", "b.json")
    assert code == 0
    assert err == "warning: fid is not ranked: the protocols differ in n: 50 or 60.\n"
    assert "*" not in out


def measured_against(gancli, reference, name):
    """Write the result of a few digits against a reference."""
    np.save("samples.npy", load("digits").examples[:40])
    code, out, err = gancli(
        *("evaluate", "samples.npy", "--fid", "--kid", "--against", reference, "--features", "digits-classifier"),
        *("--json", "--quiet"),
    )
    assert code == 0, err
    Path(name).write_text(out)


def test_a_protocol_goes_by_content_and_not_by_name(gancli, tmp_path):
    images = load("digits").examples
    write_folder("real", images[100:150])
    measured_against(gancli, "real", "a.json")
    shutil.copytree("real", "elsewhere/deep")
    Path("real").rename("old")
    write_folder("real", images[150:200])
    measured_against(gancli, "real", "b.json")
    measured_against(gancli, tmp_path / "real", "c.json")
    measured_against(gancli, "elsewhere/deep", "d.json")
    for one, other in (("b", "c"), ("a", "d")):
        code, out, err = gancli("compare", f"{one}.json", f"{other}.json")
        assert (code, err) == (0, "")
        assert out.count("*") == 5
    code, out, err = gancli("compare", "a.json", "b.json")
    first, second = (
        json.loads(Path(f"{name}.json").read_text())["metrics"]["fid"]["protocol"]["reference"] for name in "ab"
    )
    assert code == 0
    assert "*" not in out
    assert err.splitlines() == [
        f"warning: {metric} is not ranked: the protocols differ in reference: real 50 8x8x1 {first['sha256'][:12]} or "
        f"real 50 8x8x1 {second['sha256'][:12]}."
        for metric in ("fid", "kid")
    ]


def test_a_subset_and_another_resolution_are_other_protocols(gancli):
    images = np.random.default_rng(0).integers(0, 256, (30, 8, 8, 1), np.uint8)
    base = {"name": "real", "count": 30, "shape": "8x8x1", "sha256": "ab"}
    for name, reference, shape in (
        ("a", base, "8x8x1"),
        ("b", base | {"count": 20, "of": 30}, "8x8x1"),
        ("c", base | {"shape": "16x16x1"}, "8x8x1"),
        ("d", base, "16x16x1"),
        ("e", base | {"name": "/there/real"}, "8x8x1"),
    ):
        protocol = {"features": "x", "reference": reference, "n": len(images), "shape": shape}
        metrics = {"fid": {"value": 1.0, "standard_error": None, "protocol": protocol}}
        Path(f"{name}.json").write_text(json.dumps({"gancli": "0.3", "metrics": metrics}))
    for name in "bcd":
        assert "is not ranked: the protocols differ in" in gancli("compare", "a.json", f"{name}.json")[2]
    assert gancli("compare", "a.json", "e.json")[2] == ""


def test_results_of_older_versions_are_compared_as_before_and_that_is_told(gancli):
    protocol = {"features": "digits-classifier-1", "reference": "real 50", "n": 40}
    for name, value, reference in (("a", 1.0, "real 50"), ("b", 2.0, "real 50"), ("c", 3.0, "other 50")):
        metrics = {"fid": {"value": value, "standard_error": 0.1, "protocol": protocol | {"reference": reference}}}
        Path(f"{name}.json").write_text(json.dumps({"source": "x", "metrics": metrics}))
    told = (
        "warning: {}: of an older gancli, which kept names and sizes of what it compared and no content. Check that "
        "they are the same images, or measure again.\n"
    )
    code, out, err = gancli("compare", "a.json", "b.json")
    assert (code, err) == (0, told.format("a.json, b.json"))
    assert "1 ± 0.1 *" in out
    _, out, err = gancli("compare", "a.json", "c.json")
    assert err.endswith("warning: fid is not ranked: the protocols differ in reference: real 50 or other 50.\n")
    write_folder("real", load("digits").examples[:50])
    measured_against(gancli, "real", "new.json")
    code, out, err = gancli("compare", "a.json", "new.json")
    assert code == 0
    assert "*" not in out.replace("kid ↓", "").splitlines()[2]
    assert err.startswith(told.format("a.json") + "warning: fid is not ranked: the protocols differ in reference: ")
    assert "; shape: not given or 8x8x1.\n" in err
    assert json.loads(gancli("compare", "a.json", "new.json", "--json")[1])["unidentified"] == ["a.json"]


def test_a_result_that_lacks_a_metric_is_left_out_of_its_rank(digits_run, gancli):
    Path("a.json").write_text(gancli("evaluate", digits_run, "--samples", 50, "--fid", "--json")[1])
    Path("b.json").write_text(gancli("evaluate", digits_run, "--samples", 50, "--kid", "--json")[1])
    code, out, _ = gancli("compare", "a.json", "b.json", "--json")
    assert code == 0
    assert json.loads(out)["metrics"]["fid"]["ranks"] == {"value": [1, None]}
    assert "-" in gancli("compare", "a.json", "b.json")[1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read x.json: No such file or directory."),
        ("no json", "'x.json' is not a result of `gancli evaluate --json`."),
        ('{"metrics": {"fid": {"value": "low"}}}', "'x.json' is not a result of `gancli evaluate --json`."),
        (
            '{"metrics": {"fid": {"value": 1.5, "standard_error": "a", "protocol": {}}}}',
            "'x.json' is not a result of `gancli evaluate --json`.",
        ),
        (
            '{"metrics": {"pairs": {"fid": 1.5, "l1": 0.5, "fid_standard_error": "a", "protocol": {}}}}',
            "'x.json' is not a result of `gancli evaluate --json`.",
        ),
        ("[" * 100_000, "'x.json' is not a result of `gancli evaluate --json`."),
        ('{"metrics": {}}', "'x.json' holds no metric."),
        (
            "a folder",
            "'x.json' is a folder, and results are compared. Make one with "
            "`gancli evaluate x.json --all --json > result.json`.",
        ),
    ],
)
def test_other_files_are_refused(gancli, content, message):
    if content == "a folder":
        Path("x.json").mkdir()
    elif content is not None:
        Path("x.json").write_text(content)
    assert gancli("compare", "x.json", "x.json") == (1, "", f"error: {message}\n")
    assert gancli("compare", "x.json")[0] == 2


def written(name, value):
    """Write a result of one metric."""
    protocol = {"features": "some", "n": 10}
    fid = {"value": value, "standard_error": 0.1, "bias": 0.0, "protocol": protocol}
    Path(name).write_text(json.dumps({"gancli": "0", "metrics": {"fid": fid}}))
    return name


def test_values_that_only_rounding_tells_apart_share_their_place(gancli):
    values = (22.496110415491106, 22.496110415491188, 22.4962, 3e-16, 0.0)
    code, out, _ = gancli("compare", *(written(f"{n}.json", value) for n, value in enumerate(values)), "--json")
    assert code == 0
    assert json.loads(out)["metrics"]["fid"]["ranks"]["value"] == [3, 3, 5, 1, 1]


@pytest.mark.parametrize("columns", ["20", "80", "200"])
def test_numbers_in_a_file_or_a_pipe_are_whole_whatever_the_width(gancli, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    out = gancli("compare", *(written(f"a-long-name-{n}.json", 10.0 + n) for n in range(9)))[1]
    head, _, row, *_ = [line for line in out.splitlines() if line.strip()]
    assert head.split() == ["metric", *(f"a-long-name-{n}.json" for n in range(9))]
    assert row.split() == ["fid", "\u2193", *f"10 ± 0.1 * {' '.join(f'{10 + n} ± 0.1' for n in range(1, 9))}".split()]
