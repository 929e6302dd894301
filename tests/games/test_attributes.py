"""The game of translation among classes: its losses on linear maps, its gradients, and that it learns and resumes."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from gancli.errors import UsageError
from gancli.games.attributes import discriminator_gradients, translator_gradients
from gancli.games.catalog import GAMES
from gancli.games.pair import DISCRIMINATOR, GENERATOR, Pair
from gancli.games.translates import goes_to_classes, ways_of
from gancli.models.catalog import MODELS, Architecture
from gancli.models.layers.parts import DiscriminatorOutput
from gancli.sampling.translations import translate
from gancli.training.domain import Batch, Domain
from gancli.training.state import split_state
from tests.conftest import first_of
from tests.playing import SMALL, assert_close, assert_equal, begin, run, train_on, train_streamed

LINEAR = {"game": "attributes", "model": "linear", "loss": "least-squares", "batch_size": 2, "penalty": ()}
LINEAR |= {"momentum": 0.0, "instance_noise": 0.0}
CLASSES = 3
COUNTS = (4, 2, 6)  # training examples
gradients_of_d = jax.jit(discriminator_gradients, static_argnums=0)
gradients_of_g = jax.jit(translator_gradients, static_argnums=0)


class Map(nnx.Module):
    """``[B, 2]`` and classes ``[B, 3]`` to ``[B, 2]``, linear."""

    def __init__(self, rngs: nnx.Rngs):
        self.linear = nnx.Linear(2 + CLASSES, 2, rngs=rngs)

    def __call__(self, x, classes):
        return self.linear(jnp.concatenate([x, classes], axis=1))


class Score(nnx.Module):
    """``[B, 2]`` to the same linear score of four patches, ``[B, 4]``, and the features ``[B, 2]`` themselves."""

    def __init__(self, rngs: nnx.Rngs):
        self.linear = nnx.Linear(2, 1, rngs=rngs)

    def __call__(self, x, key=None):
        return DiscriminatorOutput(jnp.repeat(self.linear(x), 4, axis=1), x)


@pytest.fixture(autouse=True, scope="module")
def _family():
    linear = Architecture(
        None,
        {"plain patches": lambda *parts: Score(parts[-1])},
        class_translator=lambda *parts, num_classes: Map(parts[-1]),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(MODELS._entries, "linear", linear)
        yield


def laid_out(changes, shape=(2,), counts=COUNTS, is_images=False) -> Any:
    config = dataclasses.replace(SMALL, **changes)
    rows = (config.k, config.batch_size)
    return GAMES["attributes"].build(config, (Domain("data", shape, is_images, sum(counts), rows, None, counts),), {})


def linear(**changes):
    game = laid_out(LINEAR | changes)
    return game, begin(game)


def points(count, seed):
    return jax.random.normal(jax.random.key(seed), (count, 2))


def in_numpy(params, x, labels, asked, config):
    """Return both players' losses as Choi et al. 2018, §3, have them, with least squares halved, float64."""
    w, b = (np.asarray(params[GENERATOR]["linear"][name], float) for name in ("kernel", "bias"))
    v, c = (np.asarray(params[DISCRIMINATOR]["inside"]["linear"][name], float) for name in ("kernel", "bias"))
    u, d = (np.asarray(params[DISCRIMINATOR]["classes"][name], float) for name in ("kernel", "bias"))
    x = np.asarray(x, float)

    def to(x, labels):
        return np.hstack([x, np.eye(CLASSES)[labels]]) @ w + b

    def cross_entropy(x, labels):
        logits = x @ u + d
        return np.mean(np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(x)), labels])

    fake = to(x, asked)
    parts = {
        "generator_loss": np.mean((fake @ v + c - 1) ** 2) / 2,
        "asked_class_loss": cross_entropy(fake, asked),
        "cycle_loss": np.mean(np.abs(to(fake, labels) - x)),
        "discriminator_loss": np.mean((x @ v + c - 1) ** 2) / 2 + np.mean((fake @ v + c) ** 2) / 2,
        "class_loss": cross_entropy(x, labels),
    }
    of_g = parts["generator_loss"] + config.class_weight * parts["asked_class_loss"]
    of_d = parts["discriminator_loss"] + config.class_weight * parts["class_loss"]
    return of_g + config.cycle_weight * parts["cycle_loss"], of_d, parts


def slope(loss, params, name, step=1e-6):
    """Return the gradient of a function of all weights by those of one player, by central differences."""
    leaves, tree = jax.tree.flatten(jax.tree.map(lambda leaf: np.array(leaf, float), params[name]))
    found = []
    for place, leaf in enumerate(leaves):
        gradient = np.empty(leaf.shape)
        for index in np.ndindex(leaf.shape):
            values = []
            for sign in (1, -1):
                moved = [one.copy() for one in leaves]
                moved[place][index] += sign * step
                values.append(loss(params | {name: jax.tree.unflatten(tree, moved)}))
            gradient[index] = (values[0] - values[1]) / (2 * step)
        found.append(gradient)
    return jax.tree.unflatten(tree, found)


@pytest.fixture(scope="module")
def played():
    """A game, its first state, a batch, and the classes asked for."""
    game, state = linear(class_weight=0.7, cycle_weight=3.0)
    return game, state, Batch(points(5, 1), jnp.array([0, 1, 2, 2, 0])), jnp.array([1, 1, 0, 2, 2])


def test_two_players_of_which_the_translator_is_averaged_and_goes_to_classes(played):
    game, state, *_ = played
    assert [player.name for player in game.players] == [GENERATOR, DISCRIMINATOR]
    assert set(split_state(state)) == {GENERATOR, DISCRIMINATOR, f"{GENERATOR}.average", "training"}
    ways = ways_of(game)
    assert ways is not None
    (way,) = ways
    assert (way.source, way.target, way.num_classes) == (game.domains[0], game.domains[0], CLASSES)
    assert goes_to_classes(game)
    with pytest.raises(
        UsageError, match=r"^--game attributes draws no samples: .* `gancli translate .* --to CLASS`\.$"
    ):
        Pair.of(game, state.params)


def test_the_cross_entropy_of_known_logits_is_known(played):
    """Logits log 2, log 3 and log 5 have probabilities of 2, 3 and 5 tenths, whatever the example."""
    game, state, batch, asked = played
    classes = {"kernel": jnp.zeros((2, CLASSES)), "bias": jnp.log(jnp.array([2.0, 3.0, 5.0]))}
    params = state.params | {DISCRIMINATOR: state.params[DISCRIMINATOR] | {"classes": classes}}
    key = jax.random.key(0)
    _, of_d = gradients_of_d(game, params[DISCRIMINATOR], batch, points(5, 2), key)
    _, of_g = gradients_of_g(game, params, batch, asked, key)
    np.testing.assert_allclose(of_d["class_loss"], -np.mean(np.log([0.2, 0.3, 0.5, 0.5, 0.2])), rtol=1e-6)
    np.testing.assert_allclose(of_g["asked_class_loss"], -np.mean(np.log([0.3, 0.3, 0.2, 0.5, 0.5])), rtol=1e-6)


def test_the_cycle_loss_of_linear_maps_is_known(played):
    game, state, batch, asked = played
    shifts = jnp.array([[0.0, 1.0], [2.0, -1.0], [0.5, 0.5]])

    def cycle(scale, shifts):
        kernel = jnp.concatenate([scale * jnp.eye(2), shifts])
        params = state.params | {GENERATOR: {"linear": {"kernel": kernel, "bias": jnp.zeros(2)}}}
        return gradients_of_g(game, params, batch, asked, jax.random.key(0))[1]["cycle_loss"]

    none = jnp.zeros((CLASSES, 2))
    np.testing.assert_allclose(cycle(1, none), 0, atol=1e-6)
    np.testing.assert_allclose(cycle(2, none), 3 * jnp.abs(batch.examples).mean(), rtol=1e-6)
    # Of x + s(c') + s(c), where c is the image's own class, both shifts are left.
    np.testing.assert_allclose(cycle(1, shifts), jnp.abs(shifts[asked] + shifts[batch.labels]).mean(), rtol=1e-6)


def test_both_descend_on_the_published_losses(played):
    game, state, batch, asked = played
    key, of = jax.random.key(0), (batch.examples, np.asarray(batch.labels), np.asarray(asked), game.config)
    (way,) = game.translates
    fake = way.translate(state.params[GENERATOR], batch.examples, classes=game.domains[0].one_hot(asked))
    *_, parts = in_numpy(state.params, *of)
    gradients, measured = gradients_of_g(game, state.params, batch, asked, key)
    assert_close(gradients, slope(lambda params: in_numpy(params, *of)[0], state.params, GENERATOR), atol=1e-5)
    critic, more = gradients_of_d(game, state.params[DISCRIMINATOR], batch, fake, key)
    assert_close(critic, slope(lambda params: in_numpy(params, *of)[1], state.params, DISCRIMINATOR), atol=1e-5)
    assert {name: float((measured | more)[name]) for name in parts} == pytest.approx(parts, rel=1e-5)


def test_a_step_moves_the_discriminator_first_and_the_translator_against_it(played):
    game, state, *_ = played
    batch = Batch(points(2, 4)[None], jnp.array([[0, 2]]))
    step_key = jax.random.fold_in(state.key, 0)

    def drawn(index):
        class_key, key = jax.random.split(jax.random.fold_in(step_key, index))
        return game.draw_classes(class_key, 2), key

    after, measured = jax.jit(type(game).step, static_argnums=0)(game, state, {"data": batch})
    last = Batch(batch.examples[0], batch.labels[0])
    asked, key = drawn(0)
    (way,) = game.translates
    fake = way.translate(state.params[GENERATOR], last.examples, classes=game.domains[0].one_hot(asked))
    gradients, _ = gradients_of_d(game, state.params[DISCRIMINATOR], last, fake, key)
    moved = jax.tree.map(lambda p, g: p - 0.05 * g, state.params[DISCRIMINATOR], gradients)
    assert_close(after.params[DISCRIMINATOR], moved, atol=1e-6)
    asked, key = drawn(1)
    gradients, _ = gradients_of_g(game, state.params | {DISCRIMINATOR: moved}, last, asked, key)
    wanted = jax.tree.map(lambda p, g: p - 0.1 * g, state.params[GENERATOR], gradients)
    assert_close(after.params[GENERATOR], wanted, atol=1e-6)
    assert {"discriminator_gradient_norm", "generator_gradient_norm", "penalty", "d_real", "d_fake"} <= set(measured)
    line = game.told({name: float(value) for name, value in measured.items()})
    assert line.startswith("loss D ")
    assert " classes " in line


def test_classes_are_asked_for_as_often_as_they_are_trained_on():
    game = laid_out(LINEAR, counts=(30, 0, 10))
    drawn = np.asarray(game.draw_classes(jax.random.key(0), 4000))
    shares = np.bincount(drawn, minlength=CLASSES) / 4000
    assert shares[1] == 0
    assert shares == pytest.approx([0.75, 0, 0.25], abs=0.03)


def data_of(seed=0):
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(CLASSES), COUNTS).astype(np.int32)
    return {"data": Batch(jnp.asarray(rng.normal(size=(len(labels), 2)).astype(np.float32)), jnp.asarray(labels))}


@pytest.mark.parametrize(
    "changes",
    first_of(
        [
            {},
            {"loss": "relativistic", "penalty": ("r1", "r2"), "penalty_weight": 0.1, "k": 2},
            {"loss": "wasserstein", "penalty": ("gradient-penalty",), "penalty_weight": 1.0, "updates": "simultaneous"},
            {"loss": "hinge", "penalty": ("spectral-norm",), "microbatch": 1, "precision": "bf16"},
        ],
        2,
    ),
    ids=lambda changes: changes.get("loss", "least-squares"),
)
def test_it_resumes_bit_for_bit(changes):
    game, state = linear(**changes)
    data = data_of()
    whole, report = run(game, begin(game), 0, 8, data)
    half, _ = run(game, state, 0, 3, data)
    assert_equal(run(game, half, 3, 8, data)[0], whole)
    assert all(np.isfinite(values[:8]).all() for values in report.values())
    start = begin(game).params
    moved = jax.tree.map(lambda a, b: float(jnp.abs(a - b).max()), whole.params, start)
    assert all(max(jax.tree.leaves(moved[name])) > 0 for name in (GENERATOR, DISCRIMINATOR))


def test_streamed_images_train_the_same():
    game, state = linear(num_steps=12, k=2)
    whole, reports = train_on(game, begin(game), data_of())
    streamed, others = train_streamed(game, state, jax.tree.map(np.asarray, data_of()))
    assert_equal(whole, streamed)
    assert reports == others


def test_two_devices_share_a_batch_without_changing_it():
    found = []
    for devices in (1, 2):
        game, state = linear(devices=devices, num_steps=6)
        found.append(train_on(game, state, data_of())[0])
    assert_close(found[0].params, found[1].params, atol=1e-5)


def test_micro_batches_have_the_gradient_of_the_whole(played):
    _, state, batch, asked = played
    key = jax.random.key(1)
    part = Batch(batch.examples[:4], batch.labels[:4])
    found = [
        gradients_of_g(laid_out(LINEAR | {"batch_size": 4, "microbatch": rows}), state.params, part, asked[:4], key)
        for rows in (0, 2)
    ]
    assert_close(found[0], found[1], atol=1e-6)


def shaded(labels, seed):
    """Return dark images of class 0 and bright ones of class 1, ``[n, 16, 16, 1]``, of coarse squares."""
    rng = np.random.default_rng(seed)
    squares = 18 * rng.normal(size=(len(labels), 4, 4, 1)).repeat(4, axis=1).repeat(4, axis=2)
    return np.clip(squares + np.where(labels, 190, 65)[:, None, None, None], 0, 255).astype(np.uint8)


def test_it_learns_to_brighten_and_to_darken():
    """On a tiny network for seconds: the class asked for is seen in all images that were held out."""
    labels = np.arange(32, dtype=np.int32) % 2
    game = laid_out(
        {
            **{"game": "attributes", "model": "resnet-translator", "loss": "least-squares", "base_channels": 4},
            **{"batch_size": 8, "num_steps": 60, "optimizer": "adam", "beta2": 0.999, "ema_decay": 0.0},
            **{"generator_learning_rate": 3e-3, "discriminator_learning_rate": 3e-3, "log_every": 60},
        },
        (16, 16, 1),
        (16, 16),
        is_images=True,
    )
    data = {"data": Batch(jnp.asarray(shaded(labels, 0)), jnp.asarray(labels))}
    state, _ = train_on(game, begin(game), data)
    held_out, (way,) = shaded(labels, 1), game.translates
    found = translate(way, state.params[GENERATOR], held_out, labels=1 - labels)
    seen = found.mean(axis=(1, 2, 3)) > 0.5
    assert (seen == (labels == 0)).mean() > 0.9
    back = translate(way, state.params[GENERATOR], found, labels=labels)
    assert np.abs(back - held_out / 255).mean() < 0.12


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss": "mmd"}, "--game attributes needs a loss that compares outputs of D; --loss mmd does not."),
        ({"loss": "wasserstein"}, "--loss wasserstein needs a bounded slope"),
        ({"conditional": True}, "--conditional does nothing in the game 'attributes'. Leave it out."),
        ({"packing": 2}, "--packing 2 does nothing in the game 'attributes'. Leave it out."),
        (
            {"model": "unet-translator"},
            "--model unet-translator does not translate images to classes. Use: resnet-translator, linear.",
        ),
        ({"model": "dcgan"}, "--model dcgan does not translate images to classes. Use: resnet-translator, linear."),
    ],
    ids=lambda one: str(one) if isinstance(one, dict) else "",
)
def test_what_does_not_fit_is_refused(changes, message):
    with pytest.raises(UsageError) as caught:
        laid_out(LINEAR | changes)
    assert str(caught.value).startswith(message)
