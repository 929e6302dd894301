"""The adversarial game (Goodfellow et al. 2014, Algorithm 1): D tells data from samples, and G makes that hard."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, Self

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from gancli.compute.mesh import divided
from gancli.config import TrainConfig
from gancli.data.catalog import CLASSIFIED
from gancli.errors import UsageError
from gancli.games import pair
from gancli.games.catalog import UPDATES
from gancli.games.chosen import chosen
from gancli.games.pair import DISCRIMINATOR, GENERATOR, Draws, Scores
from gancli.games.passes import classified, generated, penalized, scored, scored_pair
from gancli.games.updates import Measured, Sides, advance, lookahead, under_rule, unrolled
from gancli.losses.catalog import PENALTIES
from gancli.losses.energy import pulling_away
from gancli.losses.objective import Objective
from gancli.losses.top_k import best
from gancli.models.catalog import Architecture
from gancli.models.layers.parts import DiscriminatorOutput
from gancli.own_files import Files
from gancli.salts import UNROLL
from gancli.training.domain import Batch, Classes, Domain
from gancli.training.game import update
from gancli.training.player import Player
from gancli.training.schedules import moved
from gancli.training.state import Params, TrainState


class Scored(NamedTuple):
    """What a discriminator gradient was taken of."""

    loss: jax.Array  # [], without penalties
    penalty: jax.Array  # [], weighted
    real_outputs: jax.Array  # [B]
    fake_outputs: jax.Array  # [B]


@dataclass(frozen=True)
class Adversarial:
    """A generator against a discriminator, by any loss with both halves."""

    config: TrainConfig
    domains: tuple[Domain, ...]
    players: tuple[Player, ...]
    objective: Objective  # looked up once, so that editing a user's file does not change a run under way
    draws: Draws
    scores: Scores
    family: Architecture = field(compare=False)  # the players' graphs tell families apart

    @classmethod
    def build(cls, config: TrainConfig, domains: tuple[Domain, ...], files: Files | None = None) -> Self:
        """Lay out both networks for examples of the one domain, without allocating them.

        Raises:
            UsageError: the configuration makes no such game, or its networks do not fit the data.
        """
        (domain,) = domains
        config, loss, family = chosen(config, domain, files, check)
        players = pair.players(config, family, domain, loss.network)
        generator, discriminator = (under_rule(player, config) for player in players)
        draws, scores = Draws(generator, domain), Scores(discriminator, domain, loss, family.convolves)
        return cls(config, domains, (generator, discriminator), loss, draws, scores, family)

    def networks(self, rngs: nnx.Rngs, means: Mapping[str, np.ndarray]) -> dict[str, nnx.Module]:
        """Build G and D."""
        (domain,) = self.domains
        return pair.networks(self.config, self.family, domain, self.objective.network, means[domain.name], rngs)

    def discriminator_loss(self, real_outputs: jax.Array, fake_outputs: jax.Array) -> jax.Array:
        """Return what the discriminator minimizes, but for penalties, of its outputs ``[B]``."""
        half: Any = self.objective.discriminator
        return half(real_outputs, fake_outputs, *([self.config.margin] if self.objective.uses_margin else []))

    def generator_loss(
        self,
        real_seen: DiscriminatorOutput,
        fake_seen: DiscriminatorOutput,
        real: jax.Array,
        fake: jax.Array,
        step: jax.Array | int = 0,
    ) -> jax.Array:
        """Return what the generator minimizes, of what D finds in a real and a fake batch, and of these themselves.

        Its gradient is that of the best samples, as many as count at that step.
        """
        if self.config.top_k < 1:
            share = moved(1.0, self.config.top_k, step, self.config.moving_steps, self.config)
            fake_seen = fake_seen._replace(outputs=best(fake_seen.outputs, share))
        half, config, (domain,) = self.objective.generator, self.config, self.domains
        match self.objective.compares:
            case "features":
                loss = half(real_seen.features, fake_seen.features)
            case "classifier":
                loss = half(*(classified(config, domain, x) for x in (real, fake)))
            case "samples":
                loss = half(real, fake)
            case _ if config.unroll and self.objective.zero_sum:
                # D's updates depend on samples: then what D makes of data does, too (Metz et al. 2017, equation 10).
                loss = -self.discriminator_loss(real_seen.outputs, fake_seen.outputs)
            case _:
                loss = half(real_seen.outputs, fake_seen.outputs)
        if config.pulling_away:
            loss = loss + config.pulling_away * pulling_away(fake_seen.features)
        return loss

    def step(self, state: TrainState, batches: Mapping[str, Batch]) -> tuple[TrainState, dict[str, jax.Array]]:
        """Update D ``k`` times and G once, the last update of D and that of G by the configured rule.

        ``alternating`` is Algorithm 1: the generator faces the discriminator just updated, with fresh latents. Every
        other rule takes both gradients at the same weights, on the same samples.

        Args:
            state: what moves.
            batches: of the one domain ``[k, B, *shape]`` in the model's range, one for each discriminator update.
                Samples are of the classes of the batch that they are scored beside.
        """
        config, (domain,) = self.config, self.domains
        real = batches[domain.name]
        step_key = jax.random.fold_in(state.key, state.step)

        def draw(update: int | jax.Array, classes: Classes) -> tuple[jax.Array, jax.Array]:
            """Return the latents of an update, and the key of its noise and dropout."""
            latent_key, network_key = jax.random.split(jax.random.fold_in(step_key, update))
            return divided(self.draws.latents(latent_key, config.batch_size, classes)), network_key

        def d_gradients(
            generator: Params, discriminator: Params, index: int | jax.Array, batch: Batch
        ) -> tuple[Params, Scored]:
            classes = domain.one_hot(batch.labels)
            latents, key = draw(index, classes)
            fake = generated(self.draws, generator, latents)
            return discriminator_gradients(self, discriminator, batch.examples, fake, key, classes, state.step)

        def d_alone(discriminator: Params, index: jax.Array, batch: Batch) -> Params:
            return d_gradients(state.params[GENERATOR], discriminator, index, batch)[0]

        before = config.k - 1
        advanced, last = advance(self.scores.player, state, d_alone, real)
        classes = domain.one_hot(last.labels)

        def g_gradients(state: TrainState, latents: jax.Array, key: jax.Array) -> tuple[Params, jax.Array]:
            players = state.params[GENERATOR], state.params[DISCRIMINATOR]
            answer = self._unrolled(state, last.examples, key, classes) if config.unroll else None
            return generator_gradients(self, *players, latents, last.examples, key, classes, answer, state.step)

        def of_discriminator(state: TrainState) -> tuple[dict[str, Params], Measured]:
            gradients, found = d_gradients(state.params[GENERATOR], state.params[DISCRIMINATOR], before, last)
            return {DISCRIMINATOR: gradients}, self._shown(found)

        def of_generator(state: TrainState) -> tuple[dict[str, Params], Measured]:
            gradients, loss = g_gradients(state, *draw(config.k, classes))
            return {GENERATOR: gradients}, {"generator_loss": loss}

        def of_both(state: TrainState) -> tuple[dict[str, Params], Measured]:
            if config.unroll:
                gradients, measured = of_discriminator(state)
                gradients[GENERATOR], measured["generator_loss"] = g_gradients(state, *draw(before, classes))
                return gradients, measured
            latents, key = draw(before, classes)
            players = state.params[GENERATOR], state.params[DISCRIMINATOR]
            d, found, g, g_loss = simultaneous_gradients(
                self, *players, latents, last.examples, key, classes, state.step
            )
            return {DISCRIMINATOR: d, GENERATOR: g}, self._shown(found) | {"generator_loss": g_loss}

        sides = Sides(of_discriminator, of_generator, of_both)
        state, measured = UPDATES[config.updates](partial(update, self), advanced, sides)
        if config.lookahead:
            state = lookahead(self.players, state, config.lookahead)
        return state, measured

    def _unrolled(
        self, state: TrainState, real: jax.Array, key: jax.Array, classes: Classes
    ) -> Callable[[jax.Array], Params]:
        """Return what maps samples ``[B, *shape]`` to the D that has moved ``--unroll`` times more, against them."""

        def answer(fake: jax.Array) -> Params:
            def gradients(discriminator: Params, number: int) -> Params:
                own = jax.random.fold_in(jax.random.fold_in(key, UNROLL), number)
                return discriminator_gradients(self, discriminator, real, fake, own, classes, state.step)[0]

            start = state.params[DISCRIMINATOR], state.optimizers[DISCRIMINATOR]
            return unrolled(self.scores.player.descend, *start, gradients, self.config.unroll)

        return answer

    def _shown(self, found: Scored) -> Measured:
        return {
            "discriminator_loss": found.loss,  # without penalties
            "penalty": found.penalty,  # weighted
            "d_real": jnp.mean(self.objective.shown(found.real_outputs)),  # D(x): a probability, or what is shown of D
            "d_fake": jnp.mean(self.objective.shown(found.fake_outputs)),
        }

    def derived(self, measured: Mapping[str, float]) -> dict[str, float]:
        """Return the estimate of a divergence that D's loss gives, where the objective gives one."""
        return self.objective.derived(measured["discriminator_loss"])

    def told(self, measured: Mapping[str, float]) -> str:
        """Return the losses, and what D makes of data and samples."""
        word = "D" if self.objective.belief else self.objective.shows[0]
        return (
            f"loss D {measured['discriminator_loss']:.3f} G {measured['generator_loss']:.3f}  "
            f"{word}(real) {measured['d_real']:.2f} {word}(fake) {measured['d_fake']:.2f}"
        )

    def concluded(self, measured: Mapping[str, float]) -> dict[str, str]:
        """Return what D's loss says, for people."""
        return self.objective.concluded(measured["discriminator_loss"])


def discriminator_gradients(
    game: Adversarial,
    discriminator: Params,
    real: jax.Array,
    fake: jax.Array,
    key: jax.Array,
    classes: Classes = None,
    step: jax.Array | int = 0,
) -> tuple[Params, Scored]:
    """Return the gradient of D's loss and penalties on a real and a fake batch ``[B, ...]`` of the same classes.

    Penalties have the weight of that step.
    """
    noise_key, dropout_key = jax.random.split(key)
    noisy = game.scores.seen(jnp.concatenate([real, fake]), noise_key)
    real, fake = (game.scores.pack(x) for x in jnp.split(noisy, 2))

    def minimized(discriminator: Params) -> tuple[jax.Array, Scored]:
        real_outputs, fake_outputs = scored_pair(game.scores, discriminator, real, fake, dropout_key, classes)
        loss = game.discriminator_loss(real_outputs, fake_outputs)
        penalty = penalized(game.scores, discriminator, real, fake, key, classes, step)
        return loss + penalty, Scored(loss, penalty, real_outputs, fake_outputs)

    return jax.grad(minimized, has_aux=True)(discriminator)


def generator_gradients(
    game: Adversarial,
    generator: Params,
    discriminator: Params,
    latents: jax.Array,
    real: jax.Array,
    key: jax.Array,
    classes: Classes = None,
    answer: Callable[[jax.Array], Params] | None = None,
    step: jax.Array | int = 0,
) -> tuple[Params, jax.Array]:
    """Return the gradient of G's loss on the samples of ``latents`` ``[B, Z]``, and the loss.

    The real batch, of the same classes, serves losses that compare; where a loss ignores it, the compiler removes its
    pass. With an ``answer``, the D that it makes of the samples scores them, and the gradient passes through it. So
    many of the samples count as do at that step.
    """
    real_key, fake_key = jax.random.split(key)

    def minimized(generator: Params) -> jax.Array:
        fake = generated(game.draws, generator, latents)
        opponent = answer(fake) if answer else discriminator
        real_seen, fake_seen = (
            _seen(game, opponent, x, own, classes) for x, own in ((real, real_key), (fake, fake_key))
        )
        return game.generator_loss(real_seen, fake_seen, real, fake, step)

    loss, gradients = jax.value_and_grad(minimized)(generator)
    return gradients, loss


def _seen(
    game: Adversarial, discriminator: Params, x: jax.Array, key: jax.Array, classes: Classes
) -> DiscriminatorOutput:
    """Return what D finds in examples ``[B, ...]``, as it sees them."""
    noise_key, dropout_key = jax.random.split(key)
    return scored(game.scores, discriminator, game.scores.pack(game.scores.seen(x, noise_key)), dropout_key, classes)


def simultaneous_gradients(
    game: Adversarial,
    generator: Params,
    discriminator: Params,
    latents: jax.Array,
    real: jax.Array,
    key: jax.Array,
    classes: Classes = None,
    step: jax.Array | int = 0,
) -> tuple[Params, Scored, Params, jax.Array]:
    """Return both players' gradients at the same weights, on the same samples, through the same dropped-out D.

    One forward pass serves both; only the backward pass through D is taken twice, once for each loss.
    """
    real_key, fake_key = jax.random.split(key)

    def seen(discriminator: Params, x: jax.Array, key: jax.Array) -> DiscriminatorOutput:
        return _seen(game, discriminator, x, key, classes)

    fake, to_generator = jax.vjp(lambda weights: generated(game.draws, weights, latents), generator)
    real_seen, from_real = jax.vjp(lambda weights: seen(weights, real, real_key), discriminator)
    fake_seen, from_fake = jax.vjp(lambda weights, x: seen(weights, x, fake_key), discriminator, fake)

    outputs = real_seen.outputs, fake_seen.outputs
    d_loss, (d_real, d_fake) = jax.value_and_grad(game.discriminator_loss, argnums=(0, 1))(*outputs)
    nothing = jnp.zeros_like(fake_seen.features)
    d_gradients = jax.tree.map(
        jnp.add,
        from_real(DiscriminatorOutput(d_real, nothing))[0],
        from_fake(DiscriminatorOutput(d_fake, nothing))[0],
    )
    penalty = jnp.zeros(())
    if game.config.penalty:
        packs = [
            game.scores.pack(game.scores.seen(x, jax.random.split(own)[0]))
            for x, own in ((real, real_key), (fake, fake_key))
        ]
        penalty, of_penalty = jax.value_and_grad(
            lambda weights: penalized(game.scores, weights, packs[0], packs[1], key, classes, step)
        )(discriminator)
        d_gradients = jax.tree.map(jnp.add, d_gradients, of_penalty)

    g_loss, (g_seen, g_fake) = jax.value_and_grad(
        lambda found, x: game.generator_loss(real_seen, found, real, x, step), argnums=(0, 1)
    )(fake_seen, fake)
    (g_gradients,) = to_generator(from_fake(g_seen)[1] + g_fake)
    return d_gradients, Scored(d_loss, penalty, *outputs), g_gradients, g_loss


def check(config: TrainConfig, loss: Objective) -> None:
    """Raise a UsageError unless the loss, its penalties and the rest of the game make sense together."""
    if loss.discriminator is None:
        raise UsageError(
            f"--game adversarial needs a loss with a discriminator, and --loss {config.loss} has none. "
            f"Take --game matching."
        )
    penalties = config.penalty
    for name in penalties:
        _ = PENALTIES[name]
    if len(set(penalties)) < len(penalties):
        raise UsageError(f"--penalty names one twice: {','.join(penalties)}.")
    wanted = loss.needs_one_of
    if wanted and not set(wanted) & set(penalties):
        raise UsageError(f"--loss {config.loss} needs a bounded slope: --penalty {', '.join(wanted)}.")
    exclusive = [name for name in sorted(penalties, key=list(PENALTIES).index) if PENALTIES[name].sets_slope]
    if len(exclusive) > 1:
        raise UsageError(
            f"--penalty {','.join(exclusive)}: each sets the slope in its own way; take one (r1 and r2 go with any)."
        )
    if config.batch_size % config.packing:
        raise UsageError(f"--batch-size must be a multiple of --packing, got {config.batch_size} and {config.packing}.")
    if config.pulling_away and config.batch_size // config.packing < 2:
        raise UsageError(
            f"--pulling-away compares codes: --batch-size must be at least twice --packing, got {config.batch_size} "
            f"and {config.packing}."
        )
    if config.conditional and not (loss.network == "scorer" and loss.compares == "outputs"):
        raise UsageError(f"--conditional needs a loss that goes by the scores of D; --loss {config.loss} does not.")
    if config.conditional and config.packing > 1:
        raise UsageError(
            f"--conditional scores examples one by one, each by its class; got --packing {config.packing}."
        )
    if config.updates == "extragradient" and config.k > 1:
        raise UsageError(
            f"--updates extragradient moves both players at once; got --k {config.k}. Leave out --k, or choose another "
            f"order of updates."
        )
    if config.top_k < 1 and (loss.compares != "outputs" or config.unroll):
        other = f"--unroll {config.unroll}" if config.unroll else f"--loss {config.loss}"
        raise UsageError(
            f"--top-k {config.top_k:g} chooses samples by D's outputs alone, and {other} does not. Leave one of them "
            f"out."
        )
    if config.unroll and loss.compares == "classifier":
        raise UsageError(
            f"--unroll {config.unroll} needs a loss of G that depends on D; --loss {config.loss} does not. Leave it "
            f"out."
        )
    if loss.compares == "classifier" and config.dataset not in CLASSIFIED:
        raise UsageError(
            f"--loss {config.loss} needs a data set with a built-in classifier ({', '.join(CLASSIFIED)}), "
            f"got '{config.dataset}'."
        )
