"""Metrics while training: a few samples now and then, compared with a reference described once."""

import time
from pathlib import Path
from typing import Any

from gancli.config import TrainConfig
from gancli.data.pipeline import Dataset
from gancli.errors import GancliError, UsageError
from gancli.evaluation.image_sets import ImageSet
from gancli.evaluation.inputs import EvaluationInputs, Reference
from gancli.evaluation.measures import missing
from gancli.features.extractor import Extractor
from gancli.games.pair import GAN, GANState, Params
from gancli.metrics.catalog import METRICS, json_name
from gancli.reporting import Reporter
from gancli.sampling.drawing import draw_latents
from gancli.workflows.evaluate import choose_extractor


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


class Monitor:
    """Measures a run's averaged generator at some of its steps, always on the same latents."""

    def __init__(self, gan: GAN, dataset: Dataset, data_dir: Path | None, reporter: Reporter):
        self.seconds = 0.0  # spent on evaluations
        self.count = 0  # evaluations done
        self._gan, self._reporter, self._data_dir = gan, reporter, data_dir
        self._latents = draw_latents(gan, gan.config.evaluate_samples, gan.config.seed)
        self._reference = None
        if dataset.is_images:
            images = ImageSet.of_dataset(dataset)
            self._reference = Reference(images, images.name, reporter)
        self._extractor: Extractor | None = None
        for name in gan.config.metrics:
            if reason := missing(name, self._material(None)):
                raise UsageError(f"--metrics {name} {reason}.")
        if dataset.is_images:
            _ = self._material(None).extractor  # what cannot be had should fail now, not at every evaluation

    def _material(self, generator: Params) -> EvaluationInputs:
        gan = self._gan

        def load_extractor() -> Extractor:
            self._extractor = self._extractor or choose_extractor("auto", None, material, self._reporter)
            return self._extractor

        material = EvaluationInputs(
            samples=ImageSet.of_draws("", gan, generator, self._latents) if gan.is_images else None,
            reference=self._reference,
            load_extractor=load_extractor,
            reporter=self._reporter,
            num_samples=gan.config.evaluate_samples,
            gan=gan,
            generator=generator,
            seed=gan.config.seed,
            data_dir=self._data_dir,
        )
        return material

    def measure(self, state: GANState) -> dict[str, dict[str, Any] | None]:
        """Return the numbers of each metric by its JSON name; None, after a warning, where one failed."""
        began = time.perf_counter()
        material = self._material(state.ema)
        found: dict[str, dict[str, Any] | None] = {}
        for name in self._gan.config.metrics:
            try:
                measured = METRICS[name].measure(material)
            except (GancliError, ArithmeticError, ValueError, RuntimeError, MemoryError) as error:
                reason = " ".join(str(error).split()) or type(error).__name__
                self._reporter.warning(f"{name} could not be measured at step {int(state.step)}: {reason}")
                found[json_name(name)] = None
            else:
                found[json_name(name)] = measured.values
                self._reporter.status(f"step {int(state.step)}  {METRICS[name].label} {measured.text}")
        self.count += 1
        self.seconds += time.perf_counter() - began
        return found
