"""The game of a generator alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli.errors import UsageError
from tests.playing import IMAGES, MMD, assert_close, small, step

ADVERSARIAL = (
    "--game matching needs a loss that compares samples and has no discriminator; --loss hinge does not. "
    "Take --game adversarial."
)


def test_a_step_is_gradient_descent_on_the_loss_as_it_stands():
    game, state = small(momentum=0.0, **MMD)
    real = jnp.asarray(IMAGES[:8] / np.float32(255))
    latent_key, _ = jax.random.split(jax.random.fold_in(jax.random.fold_in(state.key, 0), 1))
    latents, generator = game.draws.latents(latent_key, 8), state.params["generator"]

    def loss(params):
        return game.objective.generator(real, game.draws.generate(params, latents))

    value, slopes = jax.jit(jax.value_and_grad(loss))(generator)
    after, measured = step(game, state, real[None])
    assert set(after.params) == {"generator"}
    assert_close(after.params["generator"], jax.tree.map(lambda p, g: p - 0.1 * g, generator, slopes), atol=1e-5)
    assert set(measured) == {"generator_loss", "generator_gradient_norm"}
    assert float(measured["generator_loss"]) == pytest.approx(float(value), rel=1e-4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"k": 2}, "--k 2 is for a discriminator, and --loss mmd has none."),
        ({"penalty": ("r1",)}, "--penalty r1 is for a discriminator, and --loss mmd has none."),
        ({"instance_noise": 0.1}, "--instance-noise 0.1 is for a discriminator, and --loss mmd has none."),
        ({"batch_size": 1}, "--loss mmd needs a --batch-size of at least 2, got 1."),
        ({"loss": "hinge"}, ADVERSARIAL),
    ],
)
def test_games_that_make_no_sense_are_refused(changes, message):
    with pytest.raises(UsageError) as error:
        small(**MMD | changes)
    assert str(error.value) == message
