"""The game of one-sided translation (Park et al. 2020, CUT): one translator, one D, and patches that belong together.

G turns images of A into images that D cannot tell from those of B. No image has to come back: instead, what G's own
first half sees at a place of the translation shall be nearer to what it sees at this place of the image than to what it
sees at other places (the PatchNCE loss). Images of B shall stay as they are by the same loss.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from gancli.config import TrainConfig
from gancli.errors import UsageError
from gancli.games import patches
from gancli.games.pair import DISCRIMINATOR, GENERATOR, Scores
from gancli.games.passes import encoded, translated
from gancli.games.patches import PATCHES, discriminator_gradients, generator_loss, remembered, settled
from gancli.games.translates import Translates
from gancli.losses.contrastive import patch_nce
from gancli.losses.objective import Objective
from gancli.models.catalog import Architecture
from gancli.models.layers.projector import Projector
from gancli.models.patches import INIT
from gancli.own_files import Files
from gancli.training.domain import Batch, Domain
from gancli.training.game import update
from gancli.training.player import Player, gradient_norm
from gancli.training.state import Params, TrainState

PROJECTOR = "projector"  # the name of a player
PLACES = 256  # that are compared at each layer (Park et al. 2020, appendix C.1)
TEMPERATURE = 0.07  # the same
Weights = Mapping[str, Params]  # by player


@dataclass(frozen=True)
class Contrastive:
    """A translator with a projector of its features, against a discriminator, by any loss that compares D's outputs."""

    config: TrainConfig
    domains: tuple[Domain, Domain]
    players: tuple[Player, ...]
    objective: Objective
    translates: tuple[Translates]
    scores_of: tuple[Scores]
    family: Architecture = field(compare=False)  # the players' graphs tell families apart

    @classmethod
    def build(cls, config: TrainConfig, domains: tuple[Domain, Domain], files: Files | None = None) -> Self:
        """Lay out the networks for images of two domains of one shape, without allocating them.

        Raises:
            UsageError: the configuration makes no such game, or its networks do not fit the data.
        """
        a, b = domains
        config, loss, family = settled(config, a, files)
        built = nnx.eval_shape(lambda: _networks(config, family, b, nnx.Rngs(0)))
        made = patches.players(config, family, built, a, (GENERATOR,))
        scores = Scores(made[DISCRIMINATOR], b, loss, family.convolves)
        way = Translates(made[GENERATOR], a, b)
        players = tuple(made[name] for name in (GENERATOR, DISCRIMINATOR, PROJECTOR))
        return cls(config, domains, players, loss, (way,), (scores,), family)

    def networks(self, rngs: nnx.Rngs, means: Mapping[str, np.ndarray]) -> dict[str, nnx.Module]:
        """Build the translator, the discriminator and the projector."""
        del means
        return _networks(self.config, self.family, self.domains[1], rngs)

    def memory(self) -> dict[str, Any]:
        """Return the history of translations, which is empty at first."""
        return patches.histories(self.config, self.domains[1:])

    def patch_loss(self, weights: Weights, x: jax.Array, translation: jax.Array, key: jax.Array) -> jax.Array:
        """Return the mean PatchNCE loss over layers of images ``[B, *shape]`` and their translations, in nats."""
        (way,) = self.translates
        projector: Any = self.players[-1].network(weights[PROJECTOR])
        queries, keys = (encoded(way, weights[GENERATOR], one) for one in (translation, jax.lax.stop_gradient(x)))
        places = [_places(maps, jax.random.fold_in(key, layer)) for layer, maps in enumerate(queries)]
        found = [projector([_at(*one) for one in zip(maps, places, strict=True)]) for maps in (queries, keys)]
        losses = [patch_nce(query, its_key, TEMPERATURE) for query, its_key in zip(*found, strict=True)]
        return jnp.mean(jnp.stack(losses))

    def step(self, state: TrainState, batches: Mapping[str, Batch]) -> tuple[TrainState, dict[str, jax.Array]]:
        """Update translator and projector, then the discriminator, which sees translations just made or earlier ones.

        Args:
            state: what moves.
            batches: of both domains ``[B, *shape]`` in the model's range.
        """
        a, b = (batches[domain.name].examples for domain in self.domains)
        (scores,), target = self.scores_of, self.domains[1].name
        step_key = jax.random.fold_in(state.key, state.step)
        g_key, d_key, history_key = (jax.random.fold_in(step_key, turn) for turn in range(3))
        gradients, fake, measured = translator_gradients(self, state.params, a, b, g_key)
        norms = {f"{name}_gradient_norm": gradient_norm(one) for name, one in gradients.items()}
        state = update(self, state, gradients, sum(norms.values(), jnp.zeros(())))
        seen, memory = remembered(state.memory, target, fake, history_key)
        state = state._replace(memory=memory)
        own = state.params[DISCRIMINATOR]
        gradients, found = discriminator_gradients(scores, own, b, seen, d_key, state.step)
        norms[f"{DISCRIMINATOR}_gradient_norm"] = gradient_norm(gradients)
        state = update(self, state, {DISCRIMINATOR: gradients}, sum(norms.values(), jnp.zeros(())))
        return state, measured | norms | {f"{DISCRIMINATOR}_loss": found.pop("loss")} | found

    def derived(self, measured: Mapping[str, float]) -> dict[str, float]:
        """Return nothing: the discriminator sees earlier translations, so that its loss bounds no divergence."""
        del measured
        return {}

    def told(self, measured: Mapping[str, float]) -> str:
        """Return the losses."""
        same = f" identity {measured['identity_loss']:.3f}" if "identity_loss" in measured else ""
        return (
            f"loss D {measured[f'{DISCRIMINATOR}_loss']:.3f} G {measured[f'{GENERATOR}_loss']:.3f} "
            f"patches {measured['patch_loss']:.3f}{same}"
        )

    def concluded(self, measured: Mapping[str, float]) -> dict[str, str]:
        """Return nothing, see :meth:`derived`."""
        del measured
        return {}


def translator_gradients(
    game: Contrastive, weights: Weights, a: jax.Array, b: jax.Array, key: jax.Array
) -> tuple[dict[str, Params], jax.Array, dict[str, jax.Array]]:
    """Return the gradients of what translator and projector minimize together, the translations, and the losses.

    Args:
        game: the game.
        weights: of all players.
        a: examples of domain A, ``[B, *shape]``.
        b: of domain B.
        key: of the noise, augmentations and dropout of D's inputs, and of the places that are compared.
    """
    config, (way,), (scores,) = game.config, game.translates, game.scores_of
    *d_keys, a_key, b_key = jax.random.split(key, 4)

    def minimized(own: Weights) -> tuple[jax.Array, tuple[jax.Array, dict[str, jax.Array]]]:
        fake = translated(way, own[GENERATOR], a)
        adversarial = generator_loss(scores, weights[DISCRIMINATOR], b, fake, (d_keys[0], d_keys[1]))
        measured = {f"{GENERATOR}_loss": adversarial, "patch_loss": game.patch_loss(own, a, fake, a_key)}
        total = adversarial + config.patch_weight * measured["patch_loss"]
        if config.identity_weight:
            measured["identity_loss"] = game.patch_loss(own, b, translated(way, own[GENERATOR], b), b_key)
            total = total + config.identity_weight * measured["identity_loss"]
        return total, (fake, measured)

    own = {name: weights[name] for name in (GENERATOR, PROJECTOR)}
    gradients, (fake, measured) = jax.grad(minimized, has_aux=True)(own)
    return gradients, fake, measured


def _places(maps: jax.Array, key: jax.Array) -> jax.Array:
    """Return the numbers of places of maps ``[B, H, W, C]`` that are compared, the same of all images."""
    count = maps.shape[1] * maps.shape[2]
    return jax.random.permutation(key, count)[: min(PLACES, count)]


def _at(maps: jax.Array, places: jax.Array) -> jax.Array:
    """Return features ``[B, S, C]`` at places of maps ``[B, H, W, C]``."""
    return maps.reshape(len(maps), -1, maps.shape[-1])[:, places]


def _networks(config: TrainConfig, family: Architecture, domain: Domain, rngs: nnx.Rngs) -> dict[str, nnx.Module]:
    """Build the translator, the discriminator, and the projector of the translator's features."""
    shape, bounded = domain.shape, domain.bounded
    makers = {GENERATOR: family.translating(config.model), DISCRIMINATOR: family.discriminator(PATCHES, config.model)}
    made: dict[str, Any] = {
        name: build(config, shape, bounded, np.zeros(shape), rngs) for name, build in makers.items()
    }
    encode = getattr(made[GENERATOR], "encoded", None)
    if encode is None:
        raise UsageError(
            f"--game contrastive compares the features of a translator, and --model {config.model} gives none. "
            f"Take --model resnet-translator."
        )
    maps = jax.eval_shape(encode, jax.ShapeDtypeStruct((1, *shape), jnp.float32))
    made[PROJECTOR] = Projector([one.shape[-1] for one in maps], init=INIT, rngs=rngs)
    return made
