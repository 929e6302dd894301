"""Pages on runs: what is read, what is refused, and where they lie."""

import json
import shutil
from pathlib import Path

import pytest

from gancli.reports.page import MARK


@pytest.fixture
def run(digits_run, tmp_path):
    """Copy a run on the digits, so that it may be written to."""
    return Path(shutil.copytree(digits_run, tmp_path / "digits"))


def test_the_page_of_a_run_lies_in_its_folder_and_is_made_anew(run, gancli):
    for _ in range(2):
        code, out, err = gancli("report", run, "--json", "--quiet")
        assert (code, err) == (0, "")
        assert json.loads(out) == {"output": str(run / "report.html"), "runs": [str(run)]}
    text = (run / "report.html").read_text()
    assert text.count("<article") == 1
    assert "The same latents at every step" in text
    assert "Nearest training images" in text
    assert text.count("<img ") == 5  # of four steps, and of the nearest images
    assert text.count("<svg ") >= 4


def test_without_a_run_it_is_that_of_the_current_folder(run, gancli, monkeypatch):
    monkeypatch.chdir(run.parent)
    run.rename("ckpt")
    assert gancli("report")[:2] == (0, "output  ckpt/report.html\n")


def test_a_page_of_several_runs_lies_in_the_current_folder(run, digits_run, gancli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, _ = gancli("report", run, digits_run, "--quiet")
    assert (code, out) == (0, "output  report.html\n")
    text = Path("report.html").read_text()
    assert text.count("<article") == 2
    assert f"<h2>{digits_run}</h2>" in text  # both folders are called digits


def test_points_have_no_nearest_images(gancli, tmp_path):
    run = tmp_path / "ring"
    options = ("--steps", 10, "--generator-widths", 4, "--discriminator-widths", 4, "--quiet")
    assert gancli("train", "ring", "--outdir", run, *options)[0] == 0
    assert gancli("report", run)[0] == 0
    assert "Nearest" not in (run / "report.html").read_text()


def test_where_the_data_is_gone_the_page_says_so(run, gancli):
    record = json.loads((run / "config.json").read_text())
    record["domains"][0]["sha256"] = "0" * 64
    (run / "config.json").write_text(json.dumps(record))
    assert gancli("report", run)[0] == 0
    assert "There is no such picture: the training examples of &#39;digits&#39;" in (run / "report.html").read_text()


def test_other_files_are_not_replaced_unasked(run, gancli, tmp_path):
    (run / "report.html").write_text("mine")
    code, out, err = gancli("report", run)
    assert (code, out) == (1, "")
    assert err == (
        f"error: '{run}/report.html' exists, and gancli did not write it. Replace it with --overwrite, "
        f"or choose another --output.\n"
    )
    named = tmp_path / "named.html"
    assert gancli("report", run, "--output", named)[0] == 0
    code, _, err = gancli("report", run, "--output", named)
    assert (code, err.startswith(f"error: '{named}' exists")) == (1, True)
    assert gancli("report", run, "--overwrite")[0] == 0
    assert MARK in (run / "report.html").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["RUN", "RUN"], 2, "RUN names one run twice. Name each once."),
        (["RUN", "--output", "page.pdf"], 2, "--output must end in .html, got 'page.pdf'."),
        (["RUN"] * 13, 2, "a report takes at most 12 runs, got 13."),
        (
            ["nowhere"],
            1,
            "no run at 'nowhere': there is no such folder. Train one with `gancli train DATASET --outdir nowhere`.",
        ),
    ],
    ids=["twice", "ending", "many", "none"],
)
def test_what_cannot_be_is_one_line(run, gancli, arguments, code, message):
    found = gancli("report", *(run if word == "RUN" else word for word in arguments))
    assert found == (code, "", f"error: {message}\n")


def test_a_page_that_cannot_be_written_is_one_line(run, gancli):
    code, out, err = gancli("report", run, "--output", "/proc/page.html", "--quiet")
    assert (code, out) == (1, "")
    assert err.startswith("error: cannot write /proc/page.html: ")
    assert err.count("\n") == 1
