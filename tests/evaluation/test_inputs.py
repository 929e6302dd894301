"""What metrics are computed from: prepared once, and known by its content."""

import dataclasses

import numpy as np
import pytest

from gancli.data.load import load
from gancli.errors import GancliError, UsageError
from gancli.evaluation.image_sets import ImageSet
from gancli.evaluation.inputs import EvaluationInputs, Reference
from gancli.evaluation.measures import measure_what_can_be
from gancli.features.extractor import classifier
from gancli.metrics.catalog import METRICS
from gancli.metrics.statistics import Statistics
from gancli.reporting import Silence


def inputs(load_extractor, count=40):
    digits = load("digits", "test")
    samples = dataclasses.replace(digits, examples=digits.examples[:count], labels=digits.labels[:count])
    reference = Reference(ImageSet.of_dataset(load("digits", "validation")), "digits/validation", Silence())
    return EvaluationInputs(ImageSet.of_dataset(samples), reference, load_extractor, Silence(), count)


def test_a_network_that_cannot_be_had_is_asked_for_once_and_the_rest_is_measured():
    asked = []

    def none():
        asked.append(1)
        raise GancliError("cannot download it.")

    given = inputs(none)
    measured, reasons = measure_what_can_be(METRICS, given)
    assert [one.metric for one in measured] == ["nearest"]
    of_runs = {
        "divergence": "needs a run, whose discriminator it asks",
        "probe": "needs a run, whose discriminator it asks",
        "classification": "needs a classifier: a run with --game semi-supervised",
        "translation": "needs translations: a run with --game cycle, contrastive or paired",
        "pairs": "needs translations: a run with --game cycle, contrastive or paired",
        "attributes": "needs translations to classes: a run with --game attributes",
        "completion": "needs a run that completes examples: --game completion",
        "categories": "needs a category: a run with --game infogan --codes 10,u,u",
    }
    assert {name: reasons[name] for name in of_runs} == of_runs
    assert {reasons[name] for name in METRICS if name not in ("nearest", *of_runs)} == {"cannot download it"}
    assert len(asked) == 1
    with pytest.raises(GancliError, match=r"^cannot download it\.$"):
        _ = given.extractor


def test_a_network_that_cannot_take_the_samples_is_told_like_that():
    with pytest.raises(UsageError, match=r"takes images of 28x28x1, got 8x8x1\."):
        _ = inputs(lambda: classifier("mnist")).extractor


def test_a_protocol_has_both_sides():
    given = inputs(lambda: classifier("digits"))
    about = {"name": "digits/validation", "count": 250, "shape": "8x8x1"}
    digest = load("digits", "validation").fingerprint
    assert given.protocol(k=3) == {
        **{"features": "digits-classifier-1", "reference": about | {"sha256": digest}},
        **{"n": 40, "shape": "8x8x1", "k": 3},
    }
    assert given.protocol(count=40)["reference"] == about | {"count": 40, "of": 250, "sha256": digest}
    assert given.identify_samples("mine") == {
        **{"name": "mine", "count": 40, "shape": "8x8x1", "sha256": given.images.fingerprint()},
    }


def test_statistics_are_known_by_mean_and_covariance():
    statistics = Statistics.of(np.random.default_rng(0).standard_normal((9, 3)).astype(np.float32), "x", "none")
    reference = Reference(statistics, "s.npz", Silence())
    assert reference.identity() == {"name": "s.npz", "count": 9, "sha256": statistics.fingerprint}
