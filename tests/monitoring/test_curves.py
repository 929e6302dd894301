"""What a run measured, as charts."""

import pytest

from gancli.config import TrainConfig
from gancli.games.catalog import game
from gancli.imaging.charts import Chart, Curve
from gancli.monitoring.curves import charts
from gancli.recipes.resolve import resolve
from gancli.training.domain import Domain


def a_game(dataset: str = "ring", **options):
    config: TrainConfig = resolve(dataset, None, options)
    domain = Domain("ring", (2,), False, 1000, (config.k, config.batch_size), None, ())
    return game(config.game).build(config, (domain,))


def lines(*measured):
    return [{"step": 10 * (place + 1), "images_seen": 0} | line for place, line in enumerate(measured)]


def test_losses_are_one_chart_by_the_papers_letters():
    found = charts(
        a_game(),
        lines(
            {"discriminator_loss": 1.0, "generator_loss": 2.0, "penalty": 0.0},
            {"discriminator_loss": 1.5, "generator_loss": 2.5, "penalty": 0.0},
        ),
    )
    curves = (Curve("D", [10, 20], [1.0, 1.5]), Curve("G", [10, 20], [2.0, 2.5]))
    assert found == (Chart("losses", curves),)


@pytest.mark.parametrize(("loss", "title"), [("minimax", "D(x), a probability"), ("mmd", None)])
def test_outputs_of_d_are_called_what_they_are(loss, title):
    line = {"d_real": 0.5, "d_fake": 0.25} if title else {"generator_loss": 1.0}
    found = charts(a_game(loss=loss), lines(line, line))
    if title:
        assert found == (Chart(title, (Curve("data", [10, 20], [0.5] * 2), Curve("samples", [10, 20], [0.25] * 2))),)
    else:
        assert [chart.title for chart in found] == ["losses"]


def test_scores_are_no_probabilities():
    (found,) = charts(a_game(loss="hinge"), lines(*2 * [{"d_real": 1.5, "d_fake": -2.0}]))
    assert found.title.endswith(", not a probability")


def test_metrics_have_their_errors_and_the_best_step():
    fid = {"value": 3.0, "standard_error": 0.5, "bias": 0.1}
    found = charts(a_game(), lines({"fid": fid}, {}, {"fid": fid | {"value": 2.0}}, {"fid": None}), best=30)
    curve = Curve("", [10, 30], [3.0, 2.0], [0.5, 0.5])
    assert found == (Chart("Fréchet distance (lower is better)", (curve,), best=30),)


def test_each_of_several_numbers_has_its_own_error():
    translation = {"kid_ab": 0.5, "kid_ab_standard_error": 0.125, "kid_ba": 0.25, "kid_ba_standard_error": None}
    found = charts(a_game(), lines(*2 * [{"translation": translation}]))
    assert [chart.curves for chart in found] == [
        (Curve("", [10, 20], [0.5, 0.5], [0.125, 0.125]),),
        (Curve("", [10, 20], [0.25, 0.25]),),
    ]


def test_modes_are_drawn_beneath_all_there_are():
    modes = {"verdict": "healthy", "hit": 7, "total": 8, "kl": 0.25}
    found = {chart.title: chart for chart in charts(a_game(), lines(*2 * [{"modes": modes}]), best=10)}
    hit, kl = found["modes: hit (higher is better)"], found["modes: KL (lower is better)"]
    assert (hit.limit, hit.floor, hit.best) == (("all there are", 8.0), 0.0, None)
    assert (kl.limit, kl.best, kl.curves[0].values) == (None, 10, [0.25, 0.25])


def test_a_bound_is_drawn_beneath_its_limit():
    (found,) = charts(a_game(loss="minimax"), lines(*2 * [{"jsd_bound": 0.25}]))
    assert found.title == "lower bound of the Jensen-Shannon divergence (nats)"
    assert found.limit is not None
    assert found.limit[1] == pytest.approx(0.6931, abs=1e-4)


def test_spikes_are_drawn_only_where_there_were_any():
    quiet = {"discriminator_spikes": 0.0, "generator_spikes": 0.0}
    assert charts(a_game(), lines(quiet, quiet)) == ()
    (found,) = charts(a_game(), lines(quiet, quiet | {"generator_spikes": 2.0}))
    assert [curve.name for curve in found.curves] == ["G"]


def test_an_encoder_has_its_letter():
    (found,) = charts(a_game(), lines(*2 * [{"encoder_gradient_norm": 1.0}]))
    assert [curve.name for curve in found.curves] == ["E"]


def test_a_single_point_is_no_curve():
    assert charts(a_game(), lines({"fid": {"value": 3.0}, "generator_loss": 1.0})) == ()


def test_what_only_a_users_game_measures_is_drawn_too():
    (found,) = charts(a_game(), lines({"cycle_error": 0.5}, {"cycle_error": 0.25}))
    assert found == Chart("cycle error", (Curve("", [10, 20], [0.5, 0.25]),))
