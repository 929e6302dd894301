"""The game of unpaired translation: its losses on linear maps, its gradients, its history, and that it resumes."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from gancli.errors import UsageError
from gancli.games.catalog import GAMES
from gancli.games.cycle import translator_gradients
from gancli.games.pair import Pair
from gancli.games.patches import apart, discriminator_gradients
from gancli.games.translates import Translators
from gancli.models.catalog import MODELS, Architecture
from gancli.models.layers.attention import Attended
from gancli.models.layers.parts import DiscriminatorOutput, SeveralOutput
from gancli.training.domain import Batch, Domain
from gancli.training.state import split_state
from tests.conftest import first_of, thorough
from tests.playing import SMALL, assert_close, assert_equal, begin, run, train_on, train_streamed

LINEAR = {"game": "cycle", "model": "linear", "loss": "least-squares", "batch_size": 2, "penalty": ()}
LINEAR |= {"momentum": 0.0, "identity_weight": 5.0, "instance_noise": 0.0}
IMAGES = {"game": "cycle", "model": "resnet-translator", "loss": "least-squares", "base_channels": 2, "blocks": 1}
IMAGES |= {"batch_size": 2, "mirror": True, "history": 4, "instance_noise": 0.0}
TURN = jnp.array([[0.0, 1.0], [-1.0, 0.0]])  # by a right angle
NAMES = ("generator_ab", "generator_ba", "discriminator_a", "discriminator_b")


class Map(nnx.Module):
    """``[B, 2]`` to ``[B, 2]``, linear."""

    def __init__(self, rngs: nnx.Rngs):
        self.linear = nnx.Linear(2, 2, rngs=rngs)

    def __call__(self, x):
        return self.linear(x)


class Score(nnx.Module):
    """``[B, 2]`` to the same linear score of three patches, ``[B, 3]``."""

    def __init__(self, rngs: nnx.Rngs):
        self.linear = nnx.Linear(2, 1, rngs=rngs)

    def __call__(self, x, key=None):
        return DiscriminatorOutput(jnp.repeat(self.linear(x), 3, axis=1), x)


class Looking(Map):
    """The same, with logits ``[B, 2]`` of the source that are linear, too."""

    def __init__(self, rngs: nnx.Rngs):
        super().__init__(rngs)
        self.classes = nnx.Linear(2, 2, rngs=rngs)

    def attended(self, x):
        return Attended(self.linear(x), self.classes(x), x)


class Both(nnx.Module):
    """The score of three patches, and beside it another one of two, ``[B, 2]``."""

    def __init__(self, rngs: nnx.Rngs):
        self.linear = nnx.Linear(2, 1, rngs=rngs)
        self.other = nnx.Linear(2, 2, rngs=rngs)

    def __call__(self, x, key=None):
        return SeveralOutput(jnp.repeat(self.linear(x), 3, axis=1), x, (self.other(x),))


@pytest.fixture(autouse=True, scope="module")
def _family():
    linear = Architecture(None, {"patches": lambda *parts: Score(parts[-1])}, translator=lambda *parts: Map(parts[-1]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(MODELS._entries, "linear", linear)
        critics = {"patches": lambda *parts: Both(parts[-1])}
        looking = Architecture(None, critics, translator=lambda *parts: Looking(parts[-1]), attends=True)
        patch.setitem(MODELS._entries, "looking", looking)
        yield


def laid_out(changes, shape=(2,), counts=(6, 10), is_images=False) -> Any:
    config = dataclasses.replace(SMALL, **changes)
    domains = tuple(
        Domain(name, shape, is_images, count, (config.batch_size,)) for name, count in zip("ab", counts, strict=True)
    )
    return GAMES["cycle"].build(config, domains, {})


def linear(**changes):
    game = laid_out(LINEAR | changes)
    return game, begin(game)


def points(count, seed):
    return jax.random.normal(jax.random.key(seed), (count, 2))


def weights(state, forth, back):
    """Return a state's weights with linear maps ``x @ kernel + bias`` for translators."""
    maps = {
        name: {"linear": {"kernel": kernel, "bias": jnp.asarray(bias)}}
        for name, (kernel, bias) in zip(NAMES, (forth, back), strict=False)
    }
    return state.params | maps


def test_four_players_of_which_translators_are_averaged_and_a_history():
    game, state = linear()
    assert tuple(player.name for player in game.players) == NAMES
    items = split_state(state)
    assert set(items) == {*NAMES, "generator_ab.average", "generator_ba.average", "training"}
    assert set(items["training"]["memory"]) == {"a", "b"}
    assert items["training"]["memory"]["a"].samples.shape == (50, 2)


def test_the_cycle_loss_of_linear_maps_is_known():
    game, state = linear()
    a, b = points(5, 1), points(5, 2)
    zero, shift = jnp.zeros(2), jnp.array([0.5, -2.0])
    # A turn and its inverse: what comes back is what went.
    both = weights(state, (TURN, shift), (TURN.T, -shift @ TURN.T))
    np.testing.assert_allclose(game.forth(both, a, b).cycle_loss, 0, atol=1e-6)
    # A turn twice: minus what went, so that the difference is twice its size.
    twice = weights(state, (TURN, zero), (TURN, zero))
    wanted = 2 * (jnp.abs(a).mean() + jnp.abs(b).mean())
    np.testing.assert_allclose(game.forth(twice, a, b).cycle_loss, wanted, rtol=1e-6)
    # Scales s and u with a shift on one way: |us a + ut - a| and |us b + t - b|.
    scaled = weights(state, (3 * jnp.eye(2), shift), (0.25 * jnp.eye(2), zero))
    found = game.forth(scaled, a, b)
    wanted = jnp.abs(0.75 * a + 0.25 * shift[None] - a).mean() + jnp.abs(0.75 * b + shift[None] - b).mean()
    np.testing.assert_allclose(found.cycle_loss, wanted, rtol=1e-6)
    wanted = jnp.abs(3 * b + shift[None] - b).mean() + jnp.abs(0.25 * a - a).mean()
    np.testing.assert_allclose(found.identity_loss, wanted, rtol=1e-6)
    for translation, wanted in zip(found.translations, (0.25 * b, 3 * a + shift[None]), strict=True):
        np.testing.assert_allclose(translation, wanted, rtol=1e-6)


def test_of_images_pixels_count_as_if_they_were_from_minus_one_to_one():
    game = laid_out(IMAGES, (16, 16, 1), is_images=True)
    x, y = jnp.full((1, 16, 16, 1), 0.2), jnp.full((1, 16, 16, 1), 0.7)
    np.testing.assert_allclose(apart(game.domains[0], x, y), 2 * 0.5, rtol=1e-6)


def written_down(params, a, b, config):
    """Return the translators' loss as it stands in Zhu et al. 2017, §3, with least squares halved."""

    def apply(name, x):
        return x @ params[name]["linear"]["kernel"] + params[name]["linear"]["bias"][None]

    in_b, in_a = apply("generator_ab", a), apply("generator_ba", b)
    adversarial = 0.5 * jnp.mean((apply("discriminator_b", in_b) - 1) ** 2)
    adversarial += 0.5 * jnp.mean((apply("discriminator_a", in_a) - 1) ** 2)
    cycle = jnp.mean(jnp.abs(apply("generator_ba", in_b) - a)) + jnp.mean(jnp.abs(apply("generator_ab", in_a) - b))
    same = jnp.mean(jnp.abs(apply("generator_ab", b) - b)) + jnp.mean(jnp.abs(apply("generator_ba", a) - a))
    return adversarial + config.cycle_weight * cycle + config.identity_weight * same


@pytest.mark.parametrize("changes", [{}, {"identity_weight": 0.0, "cycle_weight": 3.0}], ids=str)
def test_translators_descend_on_the_published_loss(changes):
    game, state = linear(**changes)
    a, b = points(2, 3), points(2, 4)
    gradients, translations, measured = translator_gradients(game, state.params, a, b, jax.random.key(0))
    wanted = jax.grad(lambda own: written_down(state.params | own, a, b, game.config))(
        {name: state.params[name] for name in NAMES[:2]}
    )
    assert_close(gradients, wanted, atol=1e-5)
    np.testing.assert_allclose(translations[1], a @ state.params[NAMES[0]]["linear"]["kernel"], atol=1e-6)
    assert ("identity_loss" in measured) == bool(game.config.identity_weight)
    after, _ = jax.jit(type(game).step, static_argnums=0)(
        game, state, {"a": Batch(a, jnp.zeros(2)), "b": Batch(b, jnp.zeros(2))}
    )
    for name in NAMES[:2]:
        assert_close(
            after.params[name], jax.tree.map(lambda p, g: p - 0.1 * g, state.params[name], wanted[name]), atol=1e-5
        )


@pytest.mark.parametrize("changes", [{}, {"identity_weight": 0.0}], ids=str)
def test_attention_and_several_discriminators_add_their_losses(changes):
    """Kim et al. 2020, §3.2: every discriminator has a loss of its own, and translators tell source from target."""
    game, state = linear(model="looking", attention_weight=20.0, **changes)
    a, b = points(2, 3), points(2, 4)
    gradients, _, measured = translator_gradients(game, state.params, a, b, jax.random.key(0))

    def apply(part, x):
        return x @ part["kernel"] + part["bias"][None]

    def wanted(own):
        params = state.params | own
        total = written_down(params, a, b, game.config)  # with the first of both discriminators
        attention = 0.0
        for name, critic, source, target in (
            ("generator_ab", "discriminator_b", a, b),
            ("generator_ba", "discriminator_a", b, a),
        ):
            fake = apply(params[name]["linear"], source)
            total += 0.5 * jnp.mean((apply(params[critic]["other"], fake) - 1) ** 2)
            attention -= jnp.mean(jax.nn.log_sigmoid(apply(params[name]["classes"], source)))
            attention -= jnp.mean(jax.nn.log_sigmoid(-apply(params[name]["classes"], target)))
        return total + 20.0 * attention, attention

    assert_close(
        gradients, jax.grad(wanted, has_aux=True)({name: state.params[name] for name in NAMES[:2]})[0], atol=1e-4
    )
    np.testing.assert_allclose(measured["attention_loss"], wanted({})[1], rtol=1e-5)
    assert ("identity_loss" in measured) == bool(game.config.identity_weight)
    told = {f"{name}_loss": 0.0 for name in NAMES} | {name: float(value) for name, value in measured.items()}
    assert game.told(told).endswith(f" attention {float(measured['attention_loss']):.3f}")


def test_a_model_bounds_the_weights_of_its_players_beside_the_penalty():
    for penalty in ((), ("r1",), ("spectral-norm",)):
        game = laid_out(IMAGES | {"model": "ugatit", "penalty": penalty}, (16, 16, 3), is_images=True)
        bounds = {player.name: player.bounds for player in game.players}
        assert [bounds[name] for name in NAMES[:2]] == [("rho",)] * 2
        assert [bounds[name] for name in NAMES[2:]] == [("spectral-norm",)] * 2
    with pytest.raises(UsageError) as caught:
        laid_out(IMAGES | {"model": "ugatit", "penalty": ("r1", "clip")}, (16, 16, 3), is_images=True)
    assert str(caught.value) == (
        "--penalty clip: --model ugatit sets the slope by spectral-norm. Leave it out (r1 and r2 go with it)."
    )
    plain = laid_out(IMAGES, (16, 16, 3), is_images=True)
    assert not any(player.bounds for player in plain.players)


def test_several_discriminators_descend_on_the_sum_and_a_penalty_takes_the_sum_of_their_means():
    game, state = linear(model="looking", penalty=("r1",), penalty_weight=0.5)
    real, fake = points(4, 5), points(4, 6)
    scores, own = game.scores_of[0], state.params["discriminator_a"]

    def loss(own):
        halves = []
        for part in ("linear", "other"):
            apply = lambda x, part=own[part]: x @ part["kernel"] + part["bias"][None]  # noqa: E731
            halves.append(0.5 * jnp.mean((apply(real) - 1) ** 2) + 0.5 * jnp.mean(apply(fake) ** 2))
        slope = own["linear"]["kernel"][:, 0] + own["other"]["kernel"].mean(axis=1)
        return sum(halves) + 0.25 * jnp.sum(slope**2), sum(halves)

    gradients, found = discriminator_gradients(scores, own, real, fake, jax.random.key(0))
    (_, value), wanted = jax.value_and_grad(loss, has_aux=True)(own)
    assert_close(gradients, wanted, atol=1e-5)
    np.testing.assert_allclose(found["loss"], value, rtol=1e-6)


def test_a_discriminator_descends_on_least_squares_of_all_patches():
    game, state = linear()
    real, fake = points(4, 5), points(4, 6)
    for scores in game.scores_of:
        own = state.params[scores.player.name]

        def loss(own):
            apply = lambda x: x @ own["linear"]["kernel"] + own["linear"]["bias"][None]  # noqa: E731
            return 0.5 * jnp.mean((apply(real) - 1) ** 2) + 0.5 * jnp.mean(apply(fake) ** 2)

        gradients, found = discriminator_gradients(scores, own, real, fake, jax.random.key(0))
        value, wanted = jax.value_and_grad(loss)(own)
        assert_close(gradients, wanted, atol=1e-6)
        np.testing.assert_allclose(found["loss"], value, rtol=1e-6)


def test_r1_takes_the_gradient_of_the_mean_over_patches():
    game, state = linear(penalty=("r1",), penalty_weight=0.5)
    scores = game.scores_of[0]
    own = state.params["discriminator_a"]
    _, found = discriminator_gradients(scores, own, points(4, 5), points(4, 6), jax.random.key(0))
    np.testing.assert_allclose(found["penalty"], 0.5 * 0.5 * jnp.sum(own["linear"]["kernel"] ** 2), rtol=1e-5)


def data_of(shape, counts=(6, 10), seed=0):
    rng = np.random.default_rng(seed)
    return {
        name: Batch(
            jnp.asarray(
                rng.normal(size=(count, *shape)).astype(np.float32)
                if len(shape) == 1
                else rng.integers(0, 256, (count, *shape), np.uint8)
            ),
            jnp.zeros(count, jnp.int32),
        )
        for name, count in zip("ab", counts, strict=True)
    }


@pytest.mark.parametrize(
    "changes",
    first_of(
        [
            {"history": 3},
            {"history": 0, "loss": "relativistic", "penalty": ("r1", "r2"), "penalty_weight": 0.1},
            {"history": 0, "model": "looking", "attention_weight": 20.0},
            {"loss": "wasserstein", "penalty": ("gradient-penalty",), "penalty_weight": 1.0, "identity_weight": 0.0},
            {"loss": "hinge", "penalty": ("spectral-norm",), "microbatch": 1, "precision": "bf16"},
        ],
        3,
    ),
    ids=lambda changes: changes.get("loss", changes.get("model", "least-squares")),
)
def test_it_resumes_bit_for_bit(changes):
    game, state = linear(**changes)
    data = data_of((2,))
    whole, report = run(game, begin(game), 0, 8, data)
    half, _ = run(game, state, 0, 3, data)
    again, _ = run(game, half, 3, 8, data)
    assert_equal(again, whole)
    assert all(np.isfinite(values[:8]).all() for values in report.values())
    start = begin(game).params
    moved = {
        name: jax.tree.map(lambda a, b: float(jnp.abs(a - b).max()), whole.params[name], start[name]) for name in NAMES
    }
    assert min(max(jax.tree.leaves(one)) for one in moved.values()) > 0
    if game.config.history:
        assert {int(one.filled) for one in whole.memory.values()} == {min(game.config.history, 16)}
    else:
        assert not whole.memory  # a checkpoint holds no empty arrays


@thorough
@pytest.mark.parametrize("model", ["resnet-translator", "ugatit"])
def test_convolutional_networks_resume_bit_for_bit(model):
    data = data_of((16, 16, 1))
    game = laid_out(IMAGES | {"remat": True, "model": model}, (16, 16, 1), is_images=True)
    whole, _ = run(game, begin(game), 0, 4, data)
    half, _ = run(game, begin(game), 0, 1, data)
    assert_equal(run(game, half, 1, 4, data)[0], whole)


def test_streamed_domains_train_the_same():
    data = data_of((2,))
    game, state = linear(history=3, num_steps=12)
    whole, reports = train_on(game, begin(game), data)
    streamed, others = train_streamed(game, state, jax.tree.map(np.asarray, data))
    assert_equal(whole, streamed)
    assert reports == others


def test_two_devices_share_a_batch_without_changing_it():
    found = []
    for devices in (1, 2):
        game, state = linear(devices=devices, history=3, num_steps=6)
        found.append(train_on(game, state, data_of((2,)))[0])
    assert_close(found[0].params, found[1].params, atol=1e-5)
    assert_close(found[0].memory, found[1].memory, atol=1e-5)


def test_it_draws_no_samples_but_translates():
    game, state = linear()
    with pytest.raises(UsageError, match=r"^--game cycle draws no samples: it translates\. Use `gancli translate "):
        Pair.of(game, state.params)
    assert Translators.of(game, state.params).ways == game.translates
    other = GAMES["adversarial"].build(SMALL, (Domain("data", (4, 4, 1), True, 20, (1, 8)),), {})
    with pytest.raises(
        UsageError,
        match=r"^--game adversarial translates nothing\. Train with --game cycle, contrastive, paired or attributes\.$",
    ):
        Translators.of(other, {})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss": "feature-matching"}, "--game cycle needs a loss that compares outputs of D; --loss feature-matching"),
        ({"loss": "mmd"}, "--game cycle needs a loss that compares outputs of D; --loss mmd does not."),
        ({"loss": "wasserstein"}, "--loss wasserstein needs a bounded slope"),
        ({"k": 2}, "--k 2 does nothing in the game 'cycle'. Leave it out."),
        ({"conditional": True}, "--conditional does nothing in the game 'cycle'. Leave it out."),
        ({"updates": "simultaneous"}, "--updates simultaneous does nothing in the game 'cycle'. Leave it out."),
        (
            {"model": "dcgan"},
            "--model dcgan does not translate images. Use: resnet-translator, unet-translator, ugatit, linear, "
            "looking.",
        ),
    ],
    ids=lambda one: str(one) if isinstance(one, dict) else "",
)
def test_what_does_not_fit_is_refused(changes, message):
    with pytest.raises(UsageError) as caught:
        laid_out(LINEAR | changes)
    assert str(caught.value).startswith(message)


def test_a_model_that_translates_draws_nothing():
    config = dataclasses.replace(SMALL, model="resnet-translator")
    with pytest.raises(
        UsageError, match=r"^--model resnet-translator draws no samples: it translates images\. Use: mlp"
    ):
        GAMES["adversarial"].build(config, (Domain("data", (16, 16, 1), True, 20, (1, 8)),), {})
