"""The game of paired translation (Isola et al. 2017, pix2pix): a translator, and a D that sees images beside answers.

G turns an image x of domain A, and noise, into an answer that D, which also sees x, cannot tell from the image y of B
that belongs to it. Beside that, the answer is near y: the mean absolute difference of pixels (the L1 term).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from gancli.config import TrainConfig
from gancli.games import patches
from gancli.games.pair import DISCRIMINATOR, GENERATOR, Scores
from gancli.games.passes import translated
from gancli.games.patches import PATCHES, discriminator_gradients, generator_loss, remembered, settled
from gancli.games.translates import A, B, Translates
from gancli.losses.objective import Objective
from gancli.models.catalog import Architecture
from gancli.own_files import Files
from gancli.training.domain import Batch, Domain
from gancli.training.game import update
from gancli.training.player import Player, gradient_norm
from gancli.training.state import Params, TrainState


@dataclass(frozen=True)
class Paired:
    """A translator against a discriminator of pairs, by any loss that compares D's outputs."""

    config: TrainConfig
    domains: tuple[Domain]  # of pairs: the channels of one image, then those of the other
    players: tuple[Player, Player]
    objective: Objective
    translates: tuple[Translates]
    scores_of: tuple[Scores]
    family: Architecture = field(compare=False)  # the players' graphs tell families apart

    @classmethod
    def build(cls, config: TrainConfig, domains: tuple[Domain], files: Files | None = None) -> Self:
        """Lay out both networks for pairs ``[H, W, 2 C]``, without allocating them.

        Raises:
            UsageError: the configuration makes no such game, or its networks do not fit the data.
        """
        (pairs,) = domains
        config, loss, family = settled(config, pairs, files)
        built = nnx.eval_shape(lambda: _networks(config, family, pairs, nnx.Rngs(0)))
        made = patches.players(config, family, built, pairs, (GENERATOR,))
        source, target = (replace(pairs, name=name, shape=_single(pairs)) for name in (A, B))
        way = Translates(made[GENERATOR], source, target, has_noise=family.has_noise)
        scores = Scores(made[DISCRIMINATOR], pairs, loss, family.convolves)
        return cls(config, domains, (made[GENERATOR], made[DISCRIMINATOR]), loss, (way,), (scores,), family)

    def networks(self, rngs: nnx.Rngs, means: Mapping[str, np.ndarray]) -> dict[str, nnx.Module]:
        """Build the translator and the discriminator."""
        del means
        return _networks(self.config, self.family, self.domains[0], rngs)

    def memory(self) -> dict[str, Any]:
        """Return the history of pairs with translations, which is empty at first."""
        return patches.histories(self.config, self.domains)

    def step(self, state: TrainState, batches: Mapping[str, Batch]) -> tuple[TrainState, dict[str, jax.Array]]:
        """Update the translator, then the discriminator, which sees the translations just made or earlier ones.

        Args:
            state: what moves.
            batches: of pairs ``[B, H, W, 2 C]`` in the model's range.
        """
        (domain,), (scores,) = self.domains, self.scores_of
        pairs = batches[domain.name].examples
        step_key = jax.random.fold_in(state.key, state.step)
        g_key, d_key, history_key = (jax.random.fold_in(step_key, turn) for turn in range(3))
        gradients, fake, measured = translator_gradients(self, state.params, pairs, g_key)
        norms = {f"{GENERATOR}_gradient_norm": gradient_norm(gradients)}
        state = update(self, state, {GENERATOR: gradients}, norms[f"{GENERATOR}_gradient_norm"])
        seen, memory = remembered(state.memory, domain.name, fake, history_key)
        state = state._replace(memory=memory)
        own = state.params[DISCRIMINATOR]
        gradients, found = discriminator_gradients(scores, own, pairs, seen, d_key, state.step)
        norms[f"{DISCRIMINATOR}_gradient_norm"] = gradient_norm(gradients)
        state = update(self, state, {DISCRIMINATOR: gradients}, sum(norms.values(), jnp.zeros(())))
        return state, measured | norms | {f"{DISCRIMINATOR}_loss": found.pop("loss")} | found

    def derived(self, measured: Mapping[str, float]) -> dict[str, float]:
        """Return nothing: the discriminator sees earlier translations, so that its loss bounds no divergence."""
        del measured
        return {}

    def told(self, measured: Mapping[str, float]) -> str:
        """Return the losses."""
        losses = " ".join(
            f"{letter} {measured[f'{name}_loss']:.3f}" for letter, name in (("D", DISCRIMINATOR), ("G", GENERATOR))
        )
        return f"loss {losses} L1 {measured['pixel_loss']:.3f}"

    def concluded(self, measured: Mapping[str, float]) -> dict[str, str]:
        """Return nothing, see :meth:`derived`."""
        del measured
        return {}


def split(pairs: Any) -> tuple[Any, Any]:
    """Return both images ``[..., C]`` of pairs ``[..., 2 C]``: what is translated, and its true translation."""
    channels = pairs.shape[-1] // 2
    return pairs[..., :channels], pairs[..., channels:]


def translator_gradients(
    game: Paired, weights: Mapping[str, Params], pairs: jax.Array, key: jax.Array
) -> tuple[Params, jax.Array, dict[str, jax.Array]]:
    """Return the gradient of what the translator minimizes, pairs with its translations, and the losses.

    Args:
        game: the game.
        weights: of both players.
        pairs: ``[B, H, W, 2 C]``.
        key: of the translator's noise, and of what D's inputs have.
    """
    (way,), (scores,) = game.translates, game.scores_of
    x, y = split(pairs)
    noise_key, *keys = jax.random.split(key, 3)

    def minimized(translator: Params) -> tuple[jax.Array, tuple[jax.Array, dict[str, jax.Array]]]:
        answer = translated(way, translator, x, noise_key)
        fake = jnp.concatenate([x, answer], axis=-1)
        adversarial = generator_loss(scores, weights[DISCRIMINATOR], pairs, fake, (keys[0], keys[1]))
        pixels = patches.apart(way.target, answer, y)
        measured = {f"{GENERATOR}_loss": adversarial, "pixel_loss": pixels}
        return adversarial + game.config.pixel_weight * pixels, (fake, measured)

    gradients, (fake, measured) = jax.grad(minimized, has_aux=True)(weights[GENERATOR])
    return gradients, fake, measured


def _single(pairs: Domain) -> tuple[int, ...]:
    """Return the shape of one image of a pair."""
    return (*pairs.shape[:-1], pairs.shape[-1] // 2)


def _networks(config: TrainConfig, family: Architecture, pairs: Domain, rngs: nnx.Rngs) -> dict[str, nnx.Module]:
    """Build the translator of one image, and the discriminator of both."""
    parts = {GENERATOR: (family.translating(config.model), _single(pairs))}
    parts[DISCRIMINATOR] = (family.discriminator(PATCHES, config.model), pairs.shape)
    return {name: make(config, shape, pairs.bounded, np.zeros(shape), rngs) for name, (make, shape) in parts.items()}
