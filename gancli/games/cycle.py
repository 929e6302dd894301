"""The game of unpaired translation (Zhu et al. 2017, CycleGAN): two translators, two discriminators.

G_AB turns images of domain A into images that D_B cannot tell from those of B, and G_BA the other way round. What
comes back from a way there and back is the image that went (the cycle loss), and an image that is of the target
domain already stays as it is (the identity loss). Both losses are mean absolute differences of pixels.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, Self

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from gancli.config import TrainConfig
from gancli.games import patches
from gancli.games.pair import Scores
from gancli.games.passes import attended, translated
from gancli.games.patches import PATCHES, discriminator_gradients, generator_loss, remembered, settled
from gancli.games.translates import Translates
from gancli.losses.attention import told_apart
from gancli.losses.objective import Objective
from gancli.models.catalog import Architecture
from gancli.own_files import Files
from gancli.training.domain import Batch, Domain
from gancli.training.game import update
from gancli.training.player import Player, gradient_norm
from gancli.training.state import Params, TrainState

TRANSLATORS = ("generator_ab", "generator_ba")  # names of players
DISCRIMINATORS = ("discriminator_a", "discriminator_b")
Weights = Mapping[str, Params]  # by player


class Forth(NamedTuple):
    """What the translators make of a batch of each domain."""

    translations: tuple[jax.Array, jax.Array]  # of B's images, in A; of A's, in B
    cycle_loss: jax.Array  # []
    identity_loss: jax.Array  # []; zero where it has no weight
    attention_loss: jax.Array  # []; zero of translators without attention


@dataclass(frozen=True)
class Cycle:
    """Two translators against two discriminators, by any loss that compares D's outputs."""

    config: TrainConfig
    domains: tuple[Domain, Domain]
    players: tuple[Player, ...]
    objective: Objective
    translates: tuple[Translates, Translates]  # A to B, B to A
    scores_of: tuple[Scores, Scores]  # D_A, D_B
    family: Architecture = field(compare=False)  # the players' graphs tell families apart

    @classmethod
    def build(cls, config: TrainConfig, domains: tuple[Domain, Domain], files: Files | None = None) -> Self:
        """Lay out the four networks for examples of two domains of one shape, without allocating them.

        Raises:
            UsageError: the configuration makes no such game, or its networks do not fit the data.
        """
        a, b = domains
        config, loss, family = settled(config, a, files, attends=True)
        means = {domain.name: np.zeros(domain.shape) for domain in domains}
        built = nnx.eval_shape(lambda: _networks(config, family, domains, means, nnx.Rngs(0)))
        made = patches.players(config, family, built, a, TRANSLATORS)
        makers, critics = (tuple(made[name] for name in names) for names in (TRANSLATORS, DISCRIMINATORS))
        attends = family.attends
        ways = Translates(makers[0], a, b, attends=attends), Translates(makers[1], b, a, attends=attends)
        first, second = (
            Scores(critic, domain, loss, family.convolves) for critic, domain in zip(critics, domains, strict=True)
        )
        return cls(config, domains, makers + critics, loss, ways, (first, second), family)

    def networks(self, rngs: nnx.Rngs, means: Mapping[str, np.ndarray]) -> dict[str, nnx.Module]:
        """Build both translators and both discriminators."""
        return _networks(self.config, self.family, self.domains, means, rngs)

    def memory(self) -> dict[str, Any]:
        """Return the histories of translations, one for each domain, which are empty at first."""
        return patches.histories(self.config, self.domains)

    def forth(self, translators: Weights, a: jax.Array, b: jax.Array) -> Forth:
        """Translate batches ``[B, *shape]`` of both domains, there and back, and each by the other's translator."""
        (to_b, to_a), (ab, ba) = self.translates, (translators[name] for name in TRANSLATORS)
        apart = partial(patches.apart, self.domains[0])
        in_b, in_a = attended(to_b, ab, a), attended(to_a, ba, b)
        cycle = apart(translated(to_a, ba, in_b.images), a) + apart(translated(to_b, ab, in_a.images), b)
        identity = attention = jnp.zeros(())
        if self.config.identity_weight or self.family.attends:
            same_b, same_a = attended(to_b, ab, b), attended(to_a, ba, a)
            if self.config.identity_weight:
                identity = apart(same_b.images, b) + apart(same_a.images, a)
            if self.family.attends:
                attention = told_apart(in_b.logits, same_b.logits) + told_apart(in_a.logits, same_a.logits)
        return Forth((in_a.images, in_b.images), cycle, identity, attention)

    def step(self, state: TrainState, batches: Mapping[str, Batch]) -> tuple[TrainState, dict[str, jax.Array]]:
        """Update both translators, then both discriminators, which see the translations just made or earlier ones.

        Args:
            state: what moves.
            batches: of both domains ``[B, *shape]`` in the model's range.
        """
        a, b = (batches[domain.name].examples for domain in self.domains)
        step_key = jax.random.fold_in(state.key, state.step)
        g_key, d_key, history_key = (jax.random.fold_in(step_key, turn) for turn in range(3))
        gradients, translations, measured = translator_gradients(self, state.params, a, b, g_key)
        norms = {f"{name}_gradient_norm": gradient_norm(one) for name, one in gradients.items()}
        state = update(self, state, gradients, sum(norms.values(), jnp.zeros(())))

        fakes, memory = [], state.memory
        for domain, fake, key in zip(self.domains, translations, jax.random.split(history_key), strict=True):
            seen, memory = remembered(memory, domain.name, fake, key)
            fakes.append(seen)
        state = state._replace(memory=memory)

        gradients, shown = {}, []
        for scores, real, fake, key in zip(self.scores_of, (a, b), fakes, jax.random.split(d_key), strict=True):
            name = scores.player.name
            gradients[name], found = discriminator_gradients(scores, state.params[name], real, fake, key, state.step)
            measured[f"{name}_loss"] = found.pop("loss")
            norms[f"{name}_gradient_norm"] = gradient_norm(gradients[name])
            shown.append(found)
        state = update(self, state, gradients, sum(norms.values(), jnp.zeros(())))
        measured["penalty"] = shown[0]["penalty"] + shown[1]["penalty"]
        measured |= {name: (shown[0][name] + shown[1][name]) / 2 for name in ("d_real", "d_fake")}
        return state, measured | norms

    def derived(self, measured: Mapping[str, float]) -> dict[str, float]:
        """Return nothing: discriminators see earlier translations, so that their losses bound no divergence."""
        del measured
        return {}

    def told(self, measured: Mapping[str, float]) -> str:
        """Return the losses."""
        makers, critics = (
            "/".join(f"{measured[f'{name}_loss']:.3f}" for name in names) for names in (TRANSLATORS, DISCRIMINATORS)
        )
        same = f" identity {measured['identity_loss']:.3f}" if "identity_loss" in measured else ""
        looks = f" attention {measured['attention_loss']:.3f}" if "attention_loss" in measured else ""
        return f"loss D {critics} G {makers} cycle {measured['cycle_loss']:.3f}{same}{looks}"

    def concluded(self, measured: Mapping[str, float]) -> dict[str, str]:
        """Return nothing, see :meth:`derived`."""
        del measured
        return {}


def translator_gradients(
    game: Cycle, weights: Weights, a: jax.Array, b: jax.Array, key: jax.Array
) -> tuple[dict[str, Params], tuple[jax.Array, jax.Array], dict[str, jax.Array]]:
    """Return the gradients of what both translators minimize together, the translations, and the losses.

    Args:
        game: the game.
        weights: of all four players.
        a: examples of domain A, ``[B, *shape]``.
        b: of domain B.
        key: of the noise, augmentations and dropout.

    Returns:
        Gradients by player; translations in A and in B; the adversarial halves, and all other losses without weight.
    """
    config = game.config
    keys = jax.random.split(key, 4)

    def minimized(translators: Weights) -> tuple[jax.Array, tuple[Forth, dict[str, jax.Array]]]:
        forth = game.forth(translators, a, b)
        measured: dict[str, jax.Array] = {}
        # G_AB faces D_B, and G_BA faces D_A.
        for place, (name, scores) in enumerate(zip(TRANSLATORS, game.scores_of[::-1], strict=True)):
            real, fake = (b, a)[place], forth.translations[::-1][place]
            own = keys[2 * place], keys[2 * place + 1]
            measured[f"{name}_loss"] = generator_loss(scores, weights[scores.player.name], real, fake, own)
        total = sum(measured.values(), jnp.zeros(())) + config.cycle_weight * forth.cycle_loss
        measured["cycle_loss"] = forth.cycle_loss
        if config.identity_weight:
            total = total + config.identity_weight * forth.identity_loss
            measured["identity_loss"] = forth.identity_loss
        if game.family.attends:
            total = total + config.attention_weight * forth.attention_loss
            measured["attention_loss"] = forth.attention_loss
        return total, (forth, measured)

    translators = {name: weights[name] for name in TRANSLATORS}
    gradients, (forth, measured) = jax.grad(minimized, has_aux=True)(translators)
    return gradients, forth.translations, measured


def _networks(
    config: TrainConfig,
    family: Architecture,
    domains: tuple[Domain, ...],
    means: Mapping[str, np.ndarray],
    rngs: nnx.Rngs,
) -> dict[str, nnx.Module]:
    build_translator = family.translating(config.model, attends=True)
    build_critic = family.discriminator(PATCHES, config.model)
    parts = [(config, domain.shape, domain.bounded, means[domain.name], rngs) for domain in domains]
    made = {name: build_translator(*part) for name, part in zip(TRANSLATORS, parts, strict=True)}
    return made | {name: build_critic(*part) for name, part in zip(DISCRIMINATORS, parts, strict=True)}
