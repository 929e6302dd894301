"""Whether a game goes on: D may win, and G may be left without a gradient."""

import dataclasses

import pytest

from gancli.losses.catalog import LOSSES
from gancli.monitoring.balance import FADED, beaten_at, ended, stalled_since, sure_since
from tests.playing import MMD, SMALL, play


def lines(bounds, **more):
    return [
        {"step": 10 * (place + 1), "jsd_bound": bound, "generator_gradient_norm": 1.0} | more
        for place, bound in enumerate(bounds)
    ]


@pytest.mark.parametrize(
    ("bounds", "since"),
    [
        ([0.1] * 20, None),
        ([0.1] * 15 + [0.69] * 5, 160),
        ([0.1] * 16 + [0.69] * 4, None),  # four lines are too few
        ([0.1] * 94 + [0.69] * 6, None),  # less than a tenth
        ([0.69] * 50 + [0.1], None),  # mended
        ([0.69] * 5, 10),
        ([], None),
    ],
)
def test_d_has_won_where_it_stays_sure(bounds, since):
    assert sure_since(LOSSES["minimax"], lines(bounds)) == since


def test_a_generator_that_does_not_depend_on_d_cannot_lose_to_it():
    assert sure_since(LOSSES["perceptual"], lines([0.69] * 20)) is None
    assert beaten_at(LOSSES["perceptual"], fading(0.0)) is None


def test_divergences_without_a_limit_have_no_winner():
    assert sure_since(LOSSES["wasserstein"], [{"step": 1, "wasserstein_estimate": 1e9}] * 20) is None


def fading(share, **last):
    """Return two lines; in the second one D is sure, and this share is left of G's gradient."""
    first, second = lines([0.1, 0.69])
    return [first | {"generator_gradient_norm": 2.0}, second | {"generator_gradient_norm": 2.0 * share} | last]


@pytest.mark.parametrize(
    ("last", "step"),
    [
        (fading(FADED / 2), 20),
        (fading(FADED * 2), None),  # G still learns
        (fading(FADED / 2, jsd_bound=0.3), None),  # D errs
        (fading(FADED / 2, jsd_bound=0.3, accuracy_train=1.0, accuracy_fake=1.0), 20),  # what D says itself counts more
        (fading(FADED / 2, accuracy_train=1.0, accuracy_fake=0.9), None),
        ([], None),
    ],
)
def test_one_line_is_enough_where_d_is_right_and_g_has_hardly_a_gradient(last, step):
    assert beaten_at(LOSSES["minimax"], last) == step


def test_g_has_stalled_where_no_gradient_reaches_it():
    healthy, dead = {"generator_gradient_norm": 1e-9}, {"generator_gradient_norm": 0.0}
    numbered = [{"step": 10 * place} | line for place, line in enumerate([healthy, dead, healthy, dead, dead])]
    assert stalled_since(numbered) == 30
    assert stalled_since(numbered[:3]) is None
    assert stalled_since([{"step": 1}]) is None  # a game without G
    assert stalled_since([]) is None


@pytest.mark.parametrize("changes", [{}, MMD], ids=["adversarial", "matching"])
def test_a_generator_without_a_gradient_is_told_of_in_every_game(changes):
    game = play(dataclasses.replace(SMALL, **changes), (4, 4, 1), 20)
    end = ended(game, lines([0.1], generator_gradient_norm=0.0))
    assert end == (
        "stalled",
        "no gradient reaches G since step 10, so it learns nothing",
        "a lower --generator-learning-rate (now 0.1)",
    )
    assert ended(game, lines([0.1])) is None


def test_a_win_is_said_with_one_thing_to_try():
    points = play(dataclasses.replace(SMALL, dataset="ring", packing=1), (2,), 20, is_images=False)
    assert ended(points, lines([0.69] * 5)) == (
        "imbalanced",
        "D tells all samples from data since step 10, so G learns little",
        "a lower --discriminator-learning-rate (now 0.05)",
    )
    for game in ("adversarial", "bidirectional"):
        images = play(dataclasses.replace(SMALL, game=game), (4, 4, 1), 20)
        end = ended(images, fading(0.01))
        assert end is not None
        assert (end.name, end.cure) == ("imbalanced", "more noise on what D sees (now --instance-noise 0)")
        assert ended(images, lines([0.1] * 5)) is None


def test_a_hopeless_game_is_warned_of_and_counts_in_the_verdict(gancli, tmp_path):
    """G stands still, D learns fast."""
    options = ("--steps", 200, "--log-every", 10, "--sample-every", 100, "--evaluate-every", 100, "--quiet")
    rates = ("--generator-learning-rate", 1e-9, "--discriminator-learning-rate", 0.01)
    code, out, err = gancli("train", "ring", "--outdir", tmp_path / "run", *options, *rates)
    assert code == 0
    (warning,) = err.splitlines()
    assert warning.startswith("warning: step 200: D tells all samples from data since step ")
    assert any(line.startswith("verdict     imbalanced at step 200: D tells all samples") for line in out.splitlines())
    assert "try         a lower --discriminator-learning-rate (now 0.01)" in out.splitlines()


def test_a_short_hopeless_run_is_warned_of_before_it_ends(gancli):
    """One step sends G where its sigmoids are flat; losses stay finite."""
    options = ("--steps", 60, "--log-every", 20, "--evaluate-every", 0, "--quiet")
    code, out, err = gancli("train", "digits", *options, "--generator-learning-rate", 1e6)
    assert code == 0
    assert err == (
        "warning: step 20: no gradient reaches G since step 20, so it learns nothing; "
        "try a lower --generator-learning-rate (now 1e+06).\n"
    )
    assert "verdict     stalled at step 60: no gradient reaches G since step 20, so it learns nothing\n" in out


@pytest.mark.parametrize("dataset", ["ring", "digits"])
def test_a_healthy_start_is_no_reason_to_warn(gancli, dataset):
    """``--loss minimax`` is the one whose gradient for G fades; every tenth step is looked at."""
    options = ("--steps", 50, "--log-every", 10, "--sample-every", 10, "--evaluate-every", 0, "--quiet")
    assert gancli("train", dataset, "--loss", "minimax", *options)[2] == ""
