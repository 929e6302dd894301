"""Metrics while training: a few samples now and then, compared with a reference described once."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from gancli.compute import hosts
from gancli.config import TrainConfig
from gancli.data.load import Dataset
from gancli.data.pairs import both_domains
from gancli.errors import GancliError, UsageError
from gancli.evaluation.extractors import choose_extractor
from gancli.evaluation.image_sets import ImageSet
from gancli.evaluation.inputs import EvaluationInputs, Reference
from gancli.evaluation.measures import missing
from gancli.features.extractor import Extractor
from gancli.games.pair import Pair
from gancli.games.translates import Translators, goes_to_classes, ways_of
from gancli.metrics.catalog import METRICS, json_name
from gancli.metrics.cells import row
from gancli.metrics.health import amounts_of_translations, amounts_to
from gancli.reporting import Reporter
from gancli.sampling.draws import draw_latents
from gancli.training.game import Game, layout
from gancli.training.state import TrainState


def check_metrics(config: TrainConfig) -> None:
    """Raise a UsageError unless the configured metrics can be measured while training, and the first one ranks."""
    for name in config.metrics:
        if not METRICS[name].while_training:
            raise UsageError(f"--metrics: '{name}' is not measured while training; use `gancli evaluate --{name}`.")
    if METRICS[config.metrics[0]].key is None:
        ranking = ", ".join(name for name, entry in METRICS.items() if entry.key and entry.while_training)
        raise UsageError(
            f"--metrics must begin with one that says which checkpoint is best ({ranking}), got '{config.metrics[0]}'."
        )


def cells(metrics: Sequence[str], found: Mapping[str, Mapping[str, Any] | None]) -> dict[str, str]:
    """Return what an evaluation found as a row of a table, by column: the numbers, then what they amount to."""
    made = {label: cell for name in metrics for label, cell in row(name, found[json_name(name)]).items()}
    quality = found.get("precision_recall")
    amounts = amounts_to(found.get("modes"), quality["precision"] if quality else None)
    amounts = amounts or amounts_of_translations(found.get("translation") or found.get("pairs") or {})
    return made | ({"verdict": amounts[0]} if amounts else {})


class Monitor:
    """Measures a run's averaged weights at some of its steps: on the same latents, or the same held-out images."""

    def __init__(self, game: Game, datasets: Mapping[str, Dataset], reporter: Reporter):
        self.seconds = 0.0  # spent on evaluations
        self.count = 0  # evaluations done
        self._game, self._reporter = game, reporter
        config = game.config
        dataset = datasets[game.domains[0].name]
        self._dataset = dataset
        empty = layout(game).params
        self._latents, self._source, self._reference, self._training = None, None, None, None
        if ways_of(game):
            parts = {name: one.other("validation") for name, one in datasets.items()}
            held_out = (*parts.values(), *parts.values()) if goes_to_classes(game) else both_domains(parts)
            self._source, target = (ImageSet.of_dataset(one.first(config.evaluate_samples)) for one in held_out)
            self._reference = Reference(target, target.name, reporter)
            if goes_to_classes(game):
                images = ImageSet.of_dataset(dataset)
                self._training = Reference(images, images.name, reporter)
        else:
            self._latents = draw_latents(Pair.of(game, empty).draws, config.evaluate_samples, config.seed)
        if self._latents is not None and dataset.is_images:
            images = ImageSet.of_dataset(dataset)
            self._reference = Reference(images, images.name, reporter)
        self._extractor: Extractor | None = None
        for name in config.metrics:
            if reason := missing(name, self._inputs(empty)):
                raise UsageError(f"--metrics {name} {reason}.")
        if dataset.is_images:
            _ = self._inputs(empty).extractor  # what cannot be had should fail now, not at every evaluation

    def _inputs(self, weights: Mapping[str, Any]) -> EvaluationInputs:
        config = self._game.config
        pair = translators = None
        samples, count = self._source, config.evaluate_samples
        if samples is not None:
            translators, count = Translators.of(self._game, weights), samples.count
        else:
            assert self._latents is not None
            pair = Pair.of(self._game, weights)
            samples = ImageSet.of_draws("", pair, self._latents) if pair.domain.is_images else None

        def load_extractor() -> Extractor:
            self._extractor = self._extractor or choose_extractor(config.features, None, inputs, self._reporter)
            return self._extractor

        inputs = EvaluationInputs(
            samples=samples,
            reference=self._reference,
            load_extractor=load_extractor,
            reporter=self._reporter,
            num_samples=count,
            pair=pair,
            seed=config.seed,
            load_run_data=self._dataset.other,
            translators=translators,
            training=self._training,
        )
        return inputs

    def is_due(self, step: int) -> bool:
        """Return whether a step is measured: each ``evaluate_every``, and the last one."""
        config = self._game.config
        return step == config.num_steps or step % config.evaluate_every == 0

    def measure(self, state: TrainState) -> dict[str, dict[str, Any] | None]:
        """Return the numbers of each metric by its JSON name; None, after a warning, where one failed.

        Several processes measure together, each a part of the samples.
        """
        began = time.perf_counter()
        weights = {player.name: state.averaged(player.name) for player in self._game.players}
        inputs = self._inputs(weights)
        found: dict[str, dict[str, Any] | None] = {}
        for name in self._game.config.metrics:
            try:
                with hosts.sharing():
                    measured = METRICS[name].measure(inputs)
            except (GancliError, ArithmeticError, ValueError, RuntimeError, MemoryError) as error:
                reason = " ".join(str(error).split()) or type(error).__name__
                self._reporter.warning(f"{name} could not be measured at step {int(state.step)}: {reason}")
                found[json_name(name)] = None
            else:
                found[json_name(name)] = measured.values
        self.count += 1
        self.seconds += time.perf_counter() - began
        return found
