"""What D gets right while it trains."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gancli.data.load import Dataset
from gancli.games.pair import Draws, Scores
from gancli.losses.objective import Objective
from gancli.salts import PROBE
from gancli.training.domain import Batch
from gancli.training.game import Game
from gancli.training.state import TrainState

NUM_PROBED = 1000  # examples of each kind
NULL_PAIRS = 100  # of batches of data, behind the null distribution of MMD²


class AccuracyProbe:
    """Asks D about data it trains on, data held out, and fresh samples."""

    def __init__(self, game: Game, dataset: Dataset):
        self._game, self._examples = game, dataset.examples
        held_out = dataset.other("validation")
        packing = game.config.packing
        sizes = [len(dataset)] + ([len(held_out)] if len(held_out) >= packing else [])  # as many of both, if any
        count = min(NUM_PROBED, *sizes) // packing * packing
        self._train = Batch(dataset.examples[:count], dataset.labels[:count])
        self._held_out = None
        if len(sizes) > 1:
            self._held_out = Batch(held_out.examples[:count].copy(), held_out.labels[:count])  # the rest may go

    def accuracies(self, state: TrainState) -> dict[str, float]:
        """Return the shares that D gets right, in [0, 1]; nothing where the game has no D, or a D for labels alone.

        The ``memorization_gap`` is how much more often it recognizes data it trains on than data held out. Without the
        latter, it and the accuracy on them are left out.
        """
        draws, scores = getattr(self._game, "draws", None), getattr(self._game, "scores", None)
        if not isinstance(draws, Draws) or not isinstance(scores, Scores) or not len(self._train.labels):
            return {}
        if self._game.config.alone:  # D has never seen a sample
            return {}
        outputs = _ask(draws, scores, state, *jax.tree.map(jnp.asarray, (self._train, self._held_out)))
        train, held_out, fake = (None if part is None else np.asarray(part, np.float64) for part in outputs)
        assert train is not None
        assert fake is not None
        threshold = scores.objective.threshold
        if threshold is None:
            threshold = (train.mean() + fake.mean()) / 2
        rate, fooled = (float((part > threshold).mean()) for part in (train, fake))
        if held_out is None:
            return {"accuracy_train": rate, "accuracy_fake": 1 - fooled}
        other = float((held_out > threshold).mean())
        return {
            "accuracy_train": rate,
            "accuracy_held_out": other,
            "accuracy_fake": 1 - fooled,
            "memorization_gap": rate - other,
        }

    def null_spread(self) -> float | None:
        """Return the standard deviation of G's loss between two batches of data; None unless G compares samples."""
        game: Any = self._game
        loss = getattr(game, "objective", None)
        if not isinstance(loss, Objective) or loss.compares != "samples":
            return None
        domain, size = game.draws.domain, game.config.batch_size
        rng = np.random.default_rng(game.config.seed)
        rows = rng.integers(len(self._examples), size=(NULL_PAIRS, 2, size))
        between = jax.jit(loss.generator)
        found = [float(between(*(domain.to_model(jnp.asarray(self._examples[half])) for half in two))) for two in rows]
        return float(np.std(found, ddof=1))


@partial(jax.jit, static_argnames=("draws", "scores"))
def _ask(
    draws: Draws, scores: Scores, state: TrainState, train: Batch, held_out: Batch | None
) -> tuple[jax.Array | None, ...]:
    """Return D's outputs on both and on samples, as it sees them while training but without dropout."""
    latent_key, *keys = jax.random.split(jax.random.fold_in(state.key, PROBE), 4)
    domain = draws.domain
    latents = draws.latents(latent_key, len(train.labels), domain.one_hot(train.labels))
    fake = draws.generate(state.params[draws.player.name], latents)

    def outputs(x: jax.Array, labels: jax.Array, key: jax.Array) -> jax.Array:
        packs = scores.pack(scores.seen(x, key))
        return scores.score(state.params[scores.player.name], packs, classes=domain.one_hot(labels)).outputs

    data = [one and Batch(domain.to_model(one.examples), one.labels) for one in (train, held_out)]
    return tuple(one and outputs(*one, key) for one, key in zip((*data, Batch(fake, train.labels)), keys, strict=True))
