"""What games of translation share: discriminators of patches, what they minimize, and what they see."""

import functools
import operator
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from gancli.compute.mesh import divided, whole
from gancli.config import TrainConfig
from gancli.errors import UsageError
from gancli.games import adversarial
from gancli.games.chosen import chosen
from gancli.games.history import History, exchanged
from gancli.games.pair import Scores
from gancli.games.passes import penalized, scored, scored_twice
from gancli.losses.catalog import PENALTIES
from gancli.losses.objective import Objective
from gancli.models.catalog import Architecture
from gancli.models.layers.parts import outputs_of
from gancli.own_files import Files
from gancli.training.catalog import Pace
from gancli.training.domain import Domain
from gancli.training.player import Player
from gancli.training.state import Params

PATCHES = "patches"  # the kind of discriminator


def players(
    config: TrainConfig,
    family: Architecture,
    networks: dict[str, nnx.Module],
    domain: Domain,
    makers: tuple[str, ...],
) -> dict[str, Player]:
    """Return the players of networks, by name; the weights of ``makers`` are averaged.

    Those whose names begin with ``discriminator`` have its learning rate, its updates and its bounds.
    """
    epoch = max(domain.num_examples // domain.rows_per_step, 1)
    chosen = tuple(name for name in config.penalty if PENALTIES[name].bound)
    bounds = tuple(dict.fromkeys(chosen + family.discriminator_bounds))
    made = {}
    for name, network in networks.items():
        scores = name.startswith("discriminator")
        rate = config.discriminator_learning_rate if scores else config.generator_learning_rate
        made[name] = Player(
            name,
            nnx.graphdef(network),
            config,
            rate,
            Pace(epoch, config.moving_steps * (config.k if scores else 1)),
            averaged=name in makers and config.ema_decay > 0,
            bounds=bounds if scores else family.translator_bounds if name in makers else (),
        )
    return made


def apart(domain: Domain, x: jax.Array, y: jax.Array) -> jax.Array:
    """Return the mean absolute difference of examples, of images as if pixels were in [-1, 1], as in the papers."""
    return (2.0 if domain.bounded else 1.0) * jnp.mean(jnp.abs(x - y))


def generator_loss(
    scores: Scores, discriminator: Params, real: jax.Array, fake: jax.Array, keys: tuple[jax.Array, jax.Array]
) -> jax.Array:
    """Return the adversarial loss of what made ``fake`` ``[B, *shape]``; relativistic ones also look at ``real``."""
    return generator_loss_and_found(scores, discriminator, real, fake, keys)[0]


def generator_loss_and_found(
    scores: Scores, discriminator: Params, real: jax.Array, fake: jax.Array, keys: tuple[jax.Array, jax.Array]
) -> tuple[jax.Array, Any]:
    """Return the same, and what the discriminator finds in ``fake``."""

    def found(x: jax.Array, key: jax.Array) -> Any:
        noise_key, dropout_key = jax.random.split(key)
        return scored(scores, discriminator, scores.seen(x, noise_key), dropout_key)

    both = [found(x, key) for x, key in zip((real, fake), keys, strict=True)]
    outputs = [_outputs(one) for one in both]
    return _summed(scores.objective.generator, *outputs), both[1]


def discriminator_gradients(
    scores: Scores,
    discriminator: Params,
    real: jax.Array,
    fake: jax.Array,
    key: jax.Array,
    step: jax.Array | int = 0,
    also: Callable[[Any], tuple[jax.Array, dict[str, jax.Array]]] | None = None,
) -> tuple[Params, dict[str, jax.Array]]:
    """Return the gradient of a discriminator's loss and penalties on a real and a fake batch, and what it found.

    ``also`` maps what the discriminator finds in the real batch to one more loss ``[]``, and what it measured.
    """
    noise_key, dropout_key = jax.random.split(key)
    both = jnp.split(scores.seen(jnp.concatenate([real, fake]), noise_key), 2)
    half: Any = scores.objective.discriminator

    def minimized(discriminator: Params) -> tuple[jax.Array, dict[str, jax.Array]]:
        found = scored_twice(scores, discriminator, both[0], both[1], dropout_key)
        outputs = [_outputs(one) for one in found]
        loss = _summed(half, *outputs)
        penalty = penalized(scores, discriminator, both[0], both[1], key, step=step)
        d_real, d_fake = (jnp.mean(scores.objective.shown(one[0])) for one in outputs)
        more, measured = also(found[0]) if also else (0.0, {})
        measured |= {"loss": loss, "penalty": penalty, "d_real": d_real, "d_fake": d_fake}
        return loss + penalty + more, measured

    return jax.grad(minimized, has_aux=True)(discriminator)


def _outputs(found: Any) -> list[jax.Array]:
    """Return the outputs in what a discriminator found, those of patches and images alike."""
    return [one.reshape(-1) for one in outputs_of(found)]


def _summed(loss: Any, real: list[jax.Array], fake: list[jax.Array]) -> jax.Array:
    """Return the sum of a loss over discriminators, each of which gave outputs ``[N]``."""
    return functools.reduce(operator.add, (loss(*pair) for pair in zip(real, fake, strict=True)))


def histories(config: TrainConfig, domains: Iterable[Domain]) -> dict[str, History]:
    """Return an empty history of fake examples for each domain, by name; none where none is wanted."""
    return {one.name: History.empty(config.history, one.shape) for one in domains} if config.history else {}


def remembered(
    memory: Mapping[str, History], name: str, fake: jax.Array, key: jax.Array
) -> tuple[jax.Array, dict[str, History]]:
    """Return what a discriminator sees in the place of ``fake`` ``[B, *shape]``, and the histories after it.

    Args:
        memory: the histories, see :func:`histories`.
        name: of the domain of ``fake``.
        fake: new examples.
        key: of the choice.
    """
    if name not in memory:
        return fake, dict(memory)
    seen, history = exchanged(memory[name], whole(fake), key)
    return divided(seen), {**memory, name: history}


def settled(
    config: TrainConfig, domain: Domain, files: Files | None, plays: Collection[str] = (), *, attends: bool = False
) -> tuple[TrainConfig, Objective, Architecture]:
    """Return the configuration of a game with its penalty weight, which goes by the size of images, its loss and model.

    Args:
        config: of the game.
        domain: of images.
        files: of the user's own, by option.
        plays: see :func:`check`.
        attends: whether the game trains the attention of translators that have it.

    Raises:
        UsageError: the configuration makes no such game; see :func:`check`.
    """
    config, loss, family = chosen(config, domain, files, functools.partial(check, plays=plays))
    if family.attends and not attends:
        raise UsageError(
            f"--game {config.game} does not train attention, which --model {config.model} has. Take --game cycle, or "
            f"another model."
        )
    bounds = family.discriminator_bounds
    other = [name for name in config.penalty if PENALTIES[name].sets_slope and name not in bounds]
    if bounds and other:
        raise UsageError(
            f"--penalty {','.join(other)}: --model {config.model} sets the slope by {', '.join(bounds)}. Leave it out "
            f"(r1 and r2 go with it)."
        )
    return config, loss, family


def check(config: TrainConfig, loss: Objective, plays: Collection[str] = ()) -> None:
    """Raise a UsageError unless the loss compares D's outputs, and nothing of other games is asked for.

    Args:
        config: of the game.
        loss: that it names.
        plays: options of other games that this one also has.
    """
    if loss.discriminator is None or loss.network != "scorer" or loss.compares != "outputs":
        raise UsageError(
            f"--game {config.game} needs a loss that compares outputs of D; --loss {config.loss} does not. "
            f"Take another --loss, such as least-squares."
        )
    adversarial.check(config, loss)
    for option, value, plain in (
        ("conditional", config.conditional, False),
        ("contrast", config.contrast, 0.0),
        ("k", config.k, 1),
        ("packing", config.packing, 1),
        ("pulling-away", config.pulling_away, 0.0),
        ("updates", config.updates, "alternating"),
        ("unroll", config.unroll, 0),
        ("lookahead", config.lookahead, 0),
    ):
        if value != plain and option not in plays:
            shown = f"--{option}" if value is True else f"--{option} {value}"
            raise UsageError(f"{shown} does nothing in the game '{config.game}'. Leave it out.")
