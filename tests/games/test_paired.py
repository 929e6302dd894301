"""The game of pairs: its losses on linear maps, its gradients, and that it resumes."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from gancli.errors import UsageError
from gancli.games.catalog import GAMES
from gancli.games.pair import DISCRIMINATOR, GENERATOR
from gancli.games.paired import split, translator_gradients
from gancli.models.catalog import MODELS, Architecture
from gancli.models.layers.parts import DiscriminatorOutput
from gancli.training.domain import Batch, Domain
from tests.playing import SMALL, assert_close, assert_equal, begin, run

LINEAR = {"game": "paired", "model": "linear", "loss": "least-squares", "batch_size": 2, "penalty": ()}
LINEAR |= {"momentum": 0.0, "instance_noise": 0.0, "history": 0, "pixel_weight": 7.0}


class Map(nnx.Module):
    """``[B, 1, 1, 2]`` to the same shape, linear, and a shift by noise."""

    def __init__(self, rngs: nnx.Rngs):
        self.linear = nnx.Linear(2, 2, rngs=rngs)

    def __call__(self, x, key=None):
        noise = 0.0 if key is None else 0.1 * jax.random.normal(key, ())
        return self.linear(x) + noise


class Score(nnx.Module):
    """``[B, 1, 1, 4]`` to the same linear score of three patches, ``[B, 3]``."""

    def __init__(self, rngs: nnx.Rngs):
        self.linear = nnx.Linear(4, 1, rngs=rngs)

    def __call__(self, x, key=None):
        return DiscriminatorOutput(jnp.repeat(self.linear(x).reshape(-1, 1), 3, axis=1), x)


@pytest.fixture(autouse=True, scope="module")
def _family():
    linear = Architecture(
        None,
        {"patches": lambda *parts: Score(parts[-1])},
        translator=lambda *parts: Map(parts[-1]),
        has_noise=True,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(MODELS._entries, "linear", linear)
        yield


def laid_out(changes, shape=(1, 1, 4), is_images=False) -> Any:
    config = dataclasses.replace(SMALL, **changes)
    return GAMES["paired"].build(config, (Domain("data", shape, is_images, 6, (config.batch_size,)),), {})


def pairs(count, seed):
    return jax.random.normal(jax.random.key(seed), (count, 1, 1, 4))


def test_the_translator_descends_on_the_published_loss():
    game = laid_out(LINEAR)
    state = begin(game)
    both, key = pairs(3, 1), jax.random.key(2)
    x, y = split(both)
    np.testing.assert_array_equal(jnp.concatenate([x, y], axis=-1), both)
    noise = 0.1 * jax.random.normal(jax.random.split(key, 3)[0], ())
    critic = state.params[DISCRIMINATOR]["linear"]

    def written_down(own):
        """½ E(D(x, G(x, z)) - 1)² + λ E|y - G(x, z)| (Isola et al. 2017, equation 4, with least squares)."""
        answer = x @ own["linear"]["kernel"] + own["linear"]["bias"][None, None, None] + noise
        seen = jnp.concatenate([x, answer], axis=-1) @ critic["kernel"] + critic["bias"][None, None, None]
        return 0.5 * jnp.mean((seen - 1) ** 2) + 7.0 * jnp.mean(jnp.abs(answer - y))

    gradients, fake, measured = translator_gradients(game, state.params, both, key)
    assert_close(gradients, jax.grad(written_down)(state.params[GENERATOR]), atol=1e-5)
    np.testing.assert_array_equal(fake[..., :2], x)
    total = measured["generator_loss"] + 7.0 * measured["pixel_loss"]
    np.testing.assert_allclose(total, written_down(state.params[GENERATOR]), rtol=1e-5)


def test_a_step_moves_both_and_the_discriminator_sees_images_beside_answers():
    game = laid_out(LINEAR)
    state = begin(game)
    after, measured = jax.jit(type(game).step, static_argnums=0)(
        game, state, {"data": Batch(pairs(2, 3), jnp.zeros(2))}
    )
    for name in (GENERATOR, DISCRIMINATOR):
        moved = jax.tree.map(lambda a, b: float(jnp.abs(a - b).max()), after.params[name], state.params[name])
        assert max(jax.tree.leaves(moved)) > 0
    assert {"generator_loss", "discriminator_loss", "pixel_loss", "d_real", "d_fake", "penalty"} <= set(measured)
    assert game.told({name: float(value) for name, value in measured.items()}).startswith("loss D ")


def test_it_resumes_bit_for_bit_with_noise_and_history():
    networks = {"model": "unet-translator", "base_channels": 2, "history": 3, "mirror": True, "batch_size": 2}
    game = laid_out(LINEAR | networks, (8, 8, 2), is_images=True)
    data = {"data": Batch(jnp.asarray(np.random.default_rng(0).integers(0, 256, (6, 8, 8, 2), np.uint8)), jnp.zeros(6))}
    whole, report = run(game, begin(game), 0, 4, data)
    half, _ = run(game, begin(game), 0, 1, data)
    assert_equal(run(game, half, 1, 4, data)[0], whole)
    assert all(np.isfinite(values[:4]).all() for values in report.values())
    assert int(whole.memory["data"].filled) == 3


def test_what_does_not_fit_is_refused():
    with pytest.raises(
        UsageError, match=r"^--game paired needs a loss that compares outputs of D; --loss mmd does not"
    ):
        laid_out(LINEAR | {"loss": "mmd"})
    with pytest.raises(UsageError, match=r"^--k 2 does nothing in the game 'paired'\. Leave it out\.$"):
        laid_out(LINEAR | {"k": 2})
    with pytest.raises(UsageError) as caught:
        laid_out(LINEAR | {"model": "dcgan"})
    # Those that attend are left out: this game does not train attention.
    assert str(caught.value) == (
        "--model dcgan does not translate images. Use: resnet-translator, unet-translator, linear."
    )
