"""How the two players stand while they train: what D can tell, and whether one of them has won."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gancli.data.load import Dataset, load_for
from gancli.games.adversarial import Batch, as_seen
from gancli.games.pair import GAN, GANState
from gancli.losses.objective import Objective

NUM_JUDGED = 1000  # examples of each kind
JUDGED = 2**32 - 3  # sets these draws apart from those of training steps, of which none has this number
SURE = 0.95  # share of the largest divergence there can be, from which on D is sure of everything
LASTING = 0.1  # share of the steps so far, at their end, for which that must hold
FEWEST_LINES = 5  # of metrics, for the same
NULL_PAIRS = 100  # of batches of data, behind the null distribution of MMD²


class Judge:
    """Asks D about data it trains on, data it never met, and fresh samples."""

    def __init__(self, gan: GAN, dataset: Dataset, data_dir: Path | None):
        self._gan, self._examples = gan, dataset.examples
        held_out = load_for(gan.config, "validation", data_dir)
        count = min(NUM_JUDGED, len(dataset), len(held_out)) // gan.config.packing * gan.config.packing
        self._train = Batch(dataset.examples[:count], dataset.labels[:count])
        self._held_out = Batch(held_out.examples[:count].copy(), held_out.labels[:count])  # the rest may go

    def accuracies(self, state: GANState) -> dict[str, float]:
        """Return the shares that D gets right, in [0, 1]; nothing where there is no D.

        The ``memorization_gap`` is how much more often it knows data it trains on than data it never met.
        """
        gan = self._gan
        if gan.objective.discriminator is None or not len(self._train.labels):
            return {}
        outputs = _ask(gan, state, *jax.tree.map(jnp.asarray, (self._train, self._held_out)))
        train, held_out, fake = (np.asarray(part, np.float64) for part in outputs)
        threshold = gan.objective.threshold
        if threshold is None:
            threshold = (train.mean() + fake.mean()) / 2
        rates = [float((part > threshold).mean()) for part in (train, held_out, fake)]
        return {
            "accuracy_train": rates[0],
            "accuracy_held_out": rates[1],
            "accuracy_fake": 1 - rates[2],
            "memorization_gap": rates[0] - rates[1],
        }

    def null_spread(self) -> float | None:
        """Return the standard deviation of G's loss between two batches of data; None unless G compares samples."""
        gan = self._gan
        if gan.objective.compares != "samples":
            return None
        size = gan.config.batch_size
        rng = np.random.default_rng(gan.config.seed)
        rows = rng.integers(len(self._examples), size=(NULL_PAIRS, 2, size))
        between = jax.jit(gan.objective.generator)
        found = [float(between(*(gan.to_model(jnp.asarray(self._examples[half])) for half in pair))) for pair in rows]
        return float(np.std(found, ddof=1))


@partial(jax.jit, static_argnames=("gan",))
def _ask(gan: GAN, state: GANState, train: Batch, held_out: Batch) -> tuple[jax.Array, ...]:
    """Return D's outputs on both and on samples, as it meets them while training but without dropout."""
    latent_key, *keys = jax.random.split(jax.random.fold_in(state.key, JUDGED), 4)
    latents = gan.draw_latents(latent_key, len(train.labels), gan.classes(train.labels))
    fake = gan.generate(state.generator, latents)

    def outputs(x: jax.Array, labels: jax.Array, key: jax.Array) -> jax.Array:
        return gan.judge(state.discriminator, gan.pack(as_seen(gan, x, key)), classes=gan.classes(labels)).outputs

    three = ((gan.to_model(train.examples), train.labels), (gan.to_model(held_out.examples), held_out.labels))
    return tuple(outputs(*one, key) for one, key in zip((*three, (fake, train.labels)), keys, strict=True))


def sure_since(objective: Objective, lines: Sequence[dict[str, Any]]) -> int | None:
    """Return the step since which D has been sure of everything, if that lasts and G depends on it; else None.

    Args:
        objective: which can say so only if the divergence that its loss bounds has a largest value.
        lines: of ``metrics.jsonl``.
    """
    reading = objective.reading
    if reading is None or reading.most is None or objective.compares not in ("outputs", "features"):
        return None
    sure = [line[reading.key] >= SURE * reading.most for line in lines]
    count = next((place for place, one in enumerate(reversed(sure)) if not one), len(sure))
    if count < max(FEWEST_LINES, LASTING * len(lines)):
        return None
    return lines[-count]["step"]


def imbalance(gan: GAN, lines: Sequence[dict[str, Any]]) -> str | None:
    """Say that D has won, since when, and one thing to try; None where it has not."""
    since = sure_since(gan.objective, lines)
    if since is None:
        return None
    config = gan.config
    cure = (
        f"more noise on what it sees (now --instance-noise {config.instance_noise:g})"
        if gan.is_images
        else f"a lower --discriminator-learning-rate (now {config.discriminator_learning_rate:g})"
    )
    return f"D tells all samples from data since step {since}, so G learns little; try {cure}"
