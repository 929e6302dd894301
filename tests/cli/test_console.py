"""What a person sees of training: in terminals of two widths, and where there is none."""

import io
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from gancli.cli.console import TerminalReporter, print_table, warn_of
from gancli.reporting import Progress
from tests.cli.terminal import Terminal, frames
from tests.conftest import tiny

NUMBERS = "loss D 1.218 G -0.656  D(real) 0.64 D(fake) 0.51"
CELLS = {"fid ↓": "6.91 ± 0.069", "modes": "10 of 10", "KL ↓": "0.086", "verdict": "collapse"}


@pytest.fixture(scope="module", params=[80, 120])
def seen(request, tmp_path_factory):
    """All that stood on a terminal of so many columns while a run of digits was trained and evaluated twice."""
    folder = tmp_path_factory.mktemp("terminal") / "run"
    sizes = tiny(evaluate_every=10, evaluate_samples=50, metrics="fid,modes")[:-1]  # not quiet
    terminal = Terminal(request.param, "train", "digits", "--outdir", folder, *sizes)
    output = terminal.output()
    assert terminal.process.returncode == 0
    return request.param, frames(output, request.param)


def test_the_first_line_says_what_is_about_to_happen(seen):
    columns, (*_, last) = seen
    text = " ".join(last)
    assert text.startswith("digits (1,297 images of 8x8x1, 10 classes), mlp (generator ")
    assert "20 steps (0.2 epochs)" in text
    assert text.index("20 steps (0.2 epochs)") < text.index("compiled in ")
    assert max(map(len, last)) <= columns


def test_evaluations_stay_under_a_full_bar_with_its_last_numbers(seen):
    _, (*_, last) = seen
    (bar,) = [place for place, line in enumerate(last) if line.startswith("step 20/20 ━")]
    assert "left" not in last[bar]
    assert "D(real)" in last[bar + 1]
    assert last[bar + 2].startswith("step (* best)  fid ↓")
    assert [line.split()[0] for line in last[bar + 3 : bar + 5]] == ["10", "20"]
    assert last[bar + 5].startswith("run ")
    assert not [line for line in last if line.startswith("duplicates")]


def test_no_word_is_broken(seen):
    columns, (*_, last) = seen
    rows = last[next(place for place, line in enumerate(last) if line.startswith("verdict ")) :]
    assert "KL 2.316 nats, about 1 distinct image" in " ".join(" ".join(rows).split())
    assert max(map(len, rows)) <= columns


def test_the_bar_is_as_wide_as_the_terminal(seen):
    columns, all_ = seen
    bars = [line for lines in all_ for line in lines if line.startswith("step ") and "━" in line]
    assert max(map(len, bars)) == columns


class Tty(io.StringIO):
    """A terminal that is none, for what one reporter does to it."""

    def isatty(self):
        return True


@pytest.fixture
def tty(monkeypatch):
    """A terminal of 80 columns in the place of standard error."""
    screen = Tty()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("gancli.cli.console.Console", partial(Console, file=screen))
    return screen


class Noon(datetime):
    """A clock that stands at noon."""

    @classmethod
    def now(cls, tz=None):
        return cls(2026, 1, 1, 12)


def at(step, rate=7000.0):
    return Progress(step, 100 * step, rate, {}, NUMBERS)


def refresh(reporter):
    bar: Any = reporter._bar
    bar.refresh()


def last(tty):
    return frames(tty.getvalue(), 80)[-1]


def test_what_goes_on_between_two_steps_takes_the_place_of_the_numbers_and_goes(tty):
    with TerminalReporter(quiet=False) as reporter:
        reporter.start(30, 0)
        reporter.progress(at(10))
        reporter.advance("duplicates", 600, 1297)
        refresh(reporter)
        assert "duplicates: 600/1,297" in last(tty)
        reporter.advance("duplicates", 1297, 1297)
        refresh(reporter)
        assert "duplicates: 1,297/1,297" not in last(tty)
        assert f"7,000 images/s  {NUMBERS}" in last(tty)
        reporter.advance("precision and recall", 1, 2)  # one that does not say that it is done
    assert last(tty)[1] == f"7,000 images/s  {NUMBERS}"


def test_the_time_left_runs_on_during_an_evaluation(tty, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    with TerminalReporter(quiet=False) as reporter:
        reporter.start(300, 0)
        for now[0], expected in (
            (200.0, "100 s, 3 min left"),
            (250.0, "2 min, 2 min left"),
            (350.0, "4 min, 50 s left"),
        ):
            if now[0] == 200.0:
                reporter.progress(at(100))
            refresh(reporter)
            assert any(line.startswith("step 100/300 ") and line.endswith(expected) for line in last(tty))


def test_more_evaluations_than_there_is_room_for_all_stay_at_the_end(tty, monkeypatch):
    monkeypatch.setenv("LINES", "12")
    with TerminalReporter(quiet=False) as reporter:
        reporter.start(300, 0)
        for step in range(10, 310, 10):
            reporter.evaluated(step, CELLS, best=step == 20)
        refresh(reporter)
        shown = [line for line in last(tty) if "6.91" in line]
        assert 2 <= len(shown) < 10
    assert [int(line.split()[0]) for line in last(tty) if "6.91" in line] == list(range(10, 310, 10))
    assert [line.split()[1] == "*" for line in last(tty) if "6.91" in line] == [
        step == 20 for step in range(10, 310, 10)
    ]


def test_a_second_run_has_a_bar_and_a_table_of_its_own(tty):
    with TerminalReporter(quiet=False) as reporter:
        for _ in range(2):
            reporter.start(10, 0)
            reporter.progress(at(10))
            reporter.evaluated(10, CELLS, best=True)
            reporter.end()
            reporter.status("done")
    assert [line.split(" ")[0] for line in last(tty)] == [*(["step", "7,000", "step", "", "done"] * 2), ""]


def test_warnings_are_broken_between_words(tty):
    with TerminalReporter(quiet=True) as reporter:
        reporter.warning("word " * 30)
    assert {word for line in last(tty) for word in line.split()} == {"warning:", "word"}


def test_without_a_terminal_everything_is_a_line(capsys):
    with TerminalReporter(quiet=False) as reporter:
        reporter.start(20, 0)
        reporter.progress(at(10))
        reporter.evaluated(10, CELLS, best=True)
        reporter.progress(at(20))
        reporter.evaluated(20, CELLS | {"fid ↓": "12.3456 ± 0.0691"}, best=False)
        reporter.evaluated(30, {"fid": "failed"}, best=False)
        reporter.warning("word " * 30)
    assert capsys.readouterr().err.splitlines() == [
        f"step 10/20  7,000 images/s  {NUMBERS}",
        "step (* best)  fid ↓             modes     KL ↓   verdict",
        "         10 *  6.91 ± 0.069      10 of 10  0.086  collapse",
        f"step 20/20  7,000 images/s  {NUMBERS}",
        "         20    12.3456 ± 0.0691  10 of 10  0.086  collapse",
        "step (* best)  fid",
        "         30    failed",
        f"warning: {'word ' * 30}",
    ]


def test_a_dumb_terminal_has_lines_too(monkeypatch):
    screen = Tty()
    monkeypatch.setattr("sys.stderr", screen)  # TERM is dumb in all tests
    with TerminalReporter(quiet=False) as reporter:
        reporter.start(10, 0)
        reporter.progress(at(10))
    assert screen.getvalue() == f"step 10/10  7,000 images/s  {NUMBERS}\n"


def test_quiet_is_quiet(capsys):
    with TerminalReporter(quiet=True) as reporter:
        reporter.start(10, 0)
        reporter.progress(at(5))
        reporter.evaluated(5, CELLS, best=True)
        reporter.status("something")
        reporter.advance("something", 1, 2)
    assert capsys.readouterr().err == ""


def test_when_it_will_be_done_is_said_once_after_some_seconds_of_training(capsys, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    with TerminalReporter(quiet=False) as reporter:
        reporter.start(10_000_000, 0)
        for step in range(1, 10):
            now[0] += 1.0
            reporter.progress(at(step))
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("done at about ")]
    assert len(line.split()) == 5  # a date and a time of day: it is months away


def test_when_it_will_be_done_goes_by_the_rate_after_a_slow_start(capsys, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr("gancli.cli.console.datetime", Noon)
    with TerminalReporter(quiet=False) as reporter:
        reporter.start(10_030, 0)
        for step, now[0] in ((10, 160.0), (30, 220.0), (80, 224.0), (130, 230.0)):  # at last ten steps a second
            reporter.progress(at(step))
    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if line.startswith("done at")] == ["done at about 12:18"]  # 990 s, by 0.9


def test_a_run_of_moments_has_no_forecast(capsys):
    with TerminalReporter(quiet=False) as reporter:
        reporter.start(20, 0)
        reporter.progress(at(10))
        reporter.progress(at(20))
    assert "done at" not in capsys.readouterr().err


def test_a_long_value_is_broken_between_words_on_a_terminal_and_nowhere_else(capsys, monkeypatch):
    rows = [("run", Path("/" + "x" * 90)), ("verdict", "word " * 30)]
    print_table(rows)
    plain = capsys.readouterr().out
    assert plain.count("\n") == 2
    screen = Tty()
    monkeypatch.setattr("sys.stdout", screen)
    print_table(rows)
    shown = screen.getvalue().splitlines()
    assert shown[0] == plain.splitlines()[0]
    assert max(map(len, shown[1:])) <= 80
    assert " ".join(" ".join(shown[1:]).split()) == " ".join(plain.splitlines()[1].split())


def test_every_note_on_a_checkpoint_is_a_warning_with_its_step(capsys):
    warn_of(("Step 30 is damaged.", "Step 20, too."), 10)
    assert capsys.readouterr().err == (
        "warning: Step 30 is damaged. Using step 10.\nwarning: Step 20, too. Using step 10.\n"
    )
