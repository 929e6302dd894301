"""What a page holds of a run."""

import pytest

from gancli.errors import GancliError
from gancli.reports.run import Recorded, run_page
from tests.reports.recorded import measured, recorded


def page(run: Recorded):
    return run_page(run, None, "", with_curves=True)


@pytest.fixture
def make(digits_run, tmp_path):
    """Return a function that makes a run with the given lines."""
    return lambda *lines, **changes: recorded(digits_run, tmp_path / "made", list(lines), **changes)


def test_a_run_that_got_better_to_the_end_is_told_to_go_on(make):
    found = page(make(measured(20, 3.0), measured(40, 2.0)))
    assert found.sentences[-1] == "The Fréchet distance was best at the last step."
    assert found.advice[-1] == "More steps, which may help: --resume --steps 80."


def test_a_run_that_was_stopped_is_not_told_to_go_on_for_twice_its_steps(make):
    assert page(make(measured(10, 3.0), measured(20, 2.0))).advice == ()


def test_a_run_that_got_worse_is_told_of_its_best_step(make):
    found = page(make(measured(20, 2.0), measured(40, 3.0)))
    assert found.sentences[-1] == "The Fréchet distance was best at step 20 and is worse at step 40."
    assert found.advice[-1] == "--step best, which every command takes."


def test_differences_within_two_standard_errors_are_called_so(make):
    near = 2.0 + 2 * 0.125 * 2**0.5
    found = page(make(measured(20, 2.0), measured(40, near - 0.01)))
    assert found.sentences[-1] == (
        "The Fréchet distance was best at step 20 and is worse at step 40, by less than 2 standard errors."
    )
    assert found.advice == ()


def test_a_run_beyond_two_standard_errors_is_not(make):
    found = page(make(measured(20, 2.0), measured(40, 2.0 + 2 * 0.125 * 2**0.5 + 0.01)))
    assert found.advice != ()


def test_a_run_without_metrics_is_told_how_to_have_some(make):
    found = page(make(measured(40)))
    assert found.sentences == (
        "Nothing counted modes or measured precision in this run, so there is no verdict.",
        "No metric was measured while it trained.",
    )
    assert found.advice == ("--evaluate-every 1000, to see how it goes.",)
    assert found.metrics is None
    assert found.protocol == ""


def test_one_evaluation_is_no_course(make):
    found = page(make(measured(40, 3.0)))
    assert found.sentences[-1] == "The Fréchet distance was measured once."
    assert found.advice == ()


def test_metrics_are_told_of_the_best_step_and_of_the_last(make):
    found = page(make(measured(20, 2.0), measured(30, 4.0), measured(40, 3.0)))
    assert found.metrics is not None
    assert found.metrics.headings == ("metric", "step 20, the best", "step 40")
    assert found.metrics.rows == (("Fréchet distance (lower is better)", "2 ± 0.12", "3 ± 0.12"),)


def test_each_of_several_numbers_has_its_own_error(make):
    values = {"kid_ab": 0.0225, "kid_ab_standard_error": 0.0032, "kid_ba": 0.0343, "kid_ba_standard_error": 0.0051}
    found = page(make(measured(40, translation=values), metrics=["translation"]))
    assert found.metrics is not None
    assert [cells for _, *cells in found.metrics.rows] == [["0.0225 ± 0.0032"], ["0.0343 ± 0.0051"]]


def test_the_protocol_names_samples_weights_data_and_features(make):
    run = make(measured(40, 2.0), features="cifar10-classifier", ema_decay=0.0)
    text = page(run).protocol
    sha = run.run.record.data.sha256[:12]
    assert text == (
        f"Measured while training, on 2,500 samples of the raw weights, always of the same latents (seed 0), "
        f"against the 1,297 training images of digits (SHA-256 {sha}...); features: cifar10-classifier. "
        f"± is one standard error of drawing samples. Another seed of training differs by more."
    )


def test_time_is_the_sum_of_what_chunks_took(make):
    rows = page(make(measured(20), measured(40) | {"images_per_second": 320.0})).facts.rows
    assert ("training", "4.2 s, 152 images/s, without evaluations") in rows  # 3.2 s and 1 s
    assert ("steps", "40 of 40, 1.0 epochs") in rows


def test_settings_differ_from_the_defaults_of_the_data_set(make):
    rows = {name: (value, plain) for name, value, plain in page(make(measured(40))).settings.rows}
    assert rows["--steps"][0] == "40"
    assert rows["--generator-widths"][0] == "32"
    assert "--seed" not in rows


def test_the_command_trains_the_run_again(make, gancli, tmp_path):
    run = make(measured(40))
    code, out, _ = gancli(*page(run).command.split()[1:], "--print-config")
    assert (code, out) == (0, (run.run.folder / "config.toml").read_text())


def test_samples_are_those_of_its_steps(make):
    run = make(measured(40))
    assert [one.caption for one in page(run).samples] == ["step 0", "step 10", "step 20", "step 40"]
    for step in (100, 200, 300, 400, 500, 600, 700, 800, 900, 1000, 2000, 3000):
        run.run.write_samples(step, b"")
    (run.run.folder / "samples" / "fakes-of-mine.png").touch()
    steps = [int(one.caption.removeprefix("step ").replace(",", "")) for one in page(run).samples]
    assert len(steps) == 12
    assert page(run).more_samples == 4
    assert (steps[:2], steps[-1]) == ([0, 10], 3000)
    assert steps == sorted(steps)


def test_a_run_without_a_line_has_no_page(make):
    with pytest.raises(GancliError, match="has measured nothing yet"):
        make()
