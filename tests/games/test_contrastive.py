"""The game of patches: its losses, its gradients, its one way, and that it resumes."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli.errors import UsageError
from gancli.games.catalog import GAMES
from gancli.games.contrastive import PROJECTOR, translator_gradients
from gancli.games.pair import DISCRIMINATOR, GENERATOR
from gancli.games.translates import ways_of
from gancli.training.domain import Batch, Domain
from gancli.training.state import split_state
from tests.playing import SMALL, assert_close, assert_equal, begin, run

IMAGES = {"game": "contrastive", "model": "resnet-translator", "loss": "least-squares", "base_channels": 2, "blocks": 1}
IMAGES |= {"batch_size": 2, "mirror": True, "history": 0, "instance_noise": 0.0, "penalty": (), "identity_weight": 1.0}


def laid_out(shape=(16, 16, 1), **changes: Any) -> Any:
    config = dataclasses.replace(SMALL, **(IMAGES | changes))
    domains = tuple(Domain(name, shape, True, count, (config.batch_size,)) for name, count in (("a", 6), ("b", 10)))
    return GAMES["contrastive"].build(config, domains, {})


@pytest.fixture(scope="module")
def begun():
    game = laid_out(patch_weight=3.0, identity_weight=2.0)
    return game, begin(game)


def images(count, seed):
    return jax.random.uniform(jax.random.key(seed), (count, 16, 16, 1))


def test_three_players_and_one_way(begun):
    game, state = begun
    assert [player.name for player in game.players] == [GENERATOR, DISCRIMINATOR, PROJECTOR]
    assert set(split_state(state)) == {GENERATOR, DISCRIMINATOR, PROJECTOR, f"{GENERATOR}.average", "training"}
    ways = ways_of(game)
    assert ways is not None
    (way,) = ways
    assert (way.source.name, way.target.name) == ("a", "b")
    heads = state.params[PROJECTOR]["heads"]
    assert [heads[layer][0]["kernel"].shape for layer in heads] == [(1, 256), (4, 256), (8, 256), (8, 256)]


def test_an_image_that_is_its_own_translation_has_a_lower_loss_than_another(begun):
    game, state = begun
    x, other = images(2, 1), images(2, 2)
    key = jax.random.key(3)
    loss = jax.jit(lambda one: game.patch_loss(state.params, x, one, key))
    own, apart = (float(loss(one)) for one in (x, other))
    assert own < apart
    assert own < np.log(256)


def test_translator_and_projector_descend_on_the_published_loss(begun):
    """L_GAN + λ_X L_PatchNCE(x) + λ_Y L_PatchNCE(y) (Park et al. 2020, equation 5)."""
    game, state = begun
    a, b, key = images(2, 1), images(2, 2), jax.random.key(3)
    *_, a_key, b_key = jax.random.split(key, 4)
    (way,), (scores,) = game.translates, game.scores_of

    def written_down(own):
        fake, same = (way.translate(own[GENERATOR], x) for x in (a, b))
        outputs = scores.score(state.params[DISCRIMINATOR], fake).outputs
        total = 0.5 * jnp.mean((outputs - 1) ** 2)
        return total + 3.0 * game.patch_loss(own, a, fake, a_key) + 2.0 * game.patch_loss(own, b, same, b_key)

    gradients, fake, measured = jax.jit(translator_gradients, static_argnums=0)(game, state.params, a, b, key)
    own = {name: state.params[name] for name in (GENERATOR, PROJECTOR)}
    value, wanted = jax.jit(jax.value_and_grad(written_down))(own)
    assert_close(gradients, wanted, atol=1e-4)
    total = measured["generator_loss"] + 3.0 * measured["patch_loss"] + 2.0 * measured["identity_loss"]
    np.testing.assert_allclose(total, value, rtol=1e-4)
    np.testing.assert_allclose(fake, way.translate(state.params[GENERATOR], a), atol=1e-5)


def test_it_resumes_bit_for_bit():
    rng = np.random.default_rng(0)
    data = {
        name: Batch(jnp.asarray(rng.integers(0, 256, (count, 16, 16, 1), np.uint8)), jnp.zeros(count, jnp.int32))
        for name, count in (("a", 6), ("b", 10))
    }
    game = laid_out(history=3, identity_weight=0.0)
    whole, report = run(game, begin(game), 0, 3, data)
    half, _ = run(game, begin(game), 0, 1, data)
    assert_equal(run(game, half, 1, 3, data)[0], whole)
    assert all(np.isfinite(values[:3]).all() for values in report.values())
    assert "identity_loss" not in report
    assert set(whole.memory) == {"b"}
    assert game.told({name: float(values[0]) for name, values in report.items()}).startswith("loss D ")


def test_a_translator_whose_attention_it_does_not_train_is_refused():
    with pytest.raises(UsageError) as caught:
        laid_out(model="ugatit")
    assert str(caught.value) == (
        "--game contrastive does not train attention, which --model ugatit has. Take --game cycle, or another model."
    )


def test_a_translator_that_shows_no_layers_is_refused():
    with pytest.raises(UsageError) as caught:
        laid_out(model="unet-translator")
    assert str(caught.value) == (
        "--game contrastive compares the features of a translator, and --model unet-translator gives none. "
        "Take --model resnet-translator."
    )
