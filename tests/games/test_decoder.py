"""A decoder trained beforehand, as for TFD."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest
from jax.nn import sigmoid

from gancli.config import TrainConfig
from gancli.errors import UsageError
from gancli.games.decoder import check_decoder, with_trained_decoder
from gancli.imaging.contrast import Contrast
from tests.playing import assert_equal, begin, play

CONFIG = TrainConfig(
    dataset="digits",
    batch_size=32,
    latent_size=3,
    generator_widths=(5, 6),
    generator_activations=("relu", "sigmoid"),
    discriminator_widths=(4,),
    decoder_steps=3000,
)
# Two patterns, which six units can tell apart and rebuild.
IMAGES = np.repeat(np.stack([np.eye(4), 1 - np.eye(4)]) * 255, 20, axis=0).astype(np.uint8)[..., None]


DATA = jnp.asarray(IMAGES)


@pytest.mark.parametrize("normalized", [False, True])
def test_the_decoder_can_draw_the_data(normalized):
    game = play(CONFIG, (4, 4, 1), len(IMAGES), contrast=Contrast.fit(4.0, IMAGES) if normalized else None)
    (domain,) = game.domains
    trained = with_trained_decoder(game.config, domain, begin(game, IMAGES), DATA)
    output = trained.params["generator"]["output"]
    for target in domain.to_model(DATA[jnp.array([0, -1])]).reshape(2, 16):
        # Of all 64 codes of on and off, one must draw the pattern: better than the mean image does.
        codes = (jnp.arange(64)[:, None] >> jnp.arange(6)[None]) % 2 * 1.0
        drawn = codes @ output["kernel"] + output["bias"][None]
        drawn = sigmoid(drawn) if domain.bounded else drawn
        errors = ((drawn - target[None]) ** 2).sum(axis=1)
        assert float(errors.min()) < 0.3 * float(((target - target.mean()) ** 2).sum())


def test_nothing_else_moves_and_the_seed_decides():
    game = play(CONFIG, (4, 4, 1), len(IMAGES))
    state = begin(game, IMAGES)
    trained, again = (with_trained_decoder(game.config, game.domains[0], state, DATA) for _ in range(2))
    before, after = state.params["generator"], trained.params["generator"]
    assert_equal(trained, again)
    assert_equal(trained.averages["generator"], after)
    assert not np.array_equal(after["output"]["kernel"], before["output"]["kernel"])
    assert_equal(after["hidden"], before["hidden"])
    assert_equal(trained.params["discriminator"], state.params["discriminator"])
    assert_equal(trained.optimizers, state.optimizers)
    assert (int(trained.step), set(trained.averages)) == (0, {"generator"})


@pytest.mark.parametrize(
    "changes", [{"generator_activations": ("relu",)}, {"generator_widths": (), "generator_activations": ("sigmoid",)}]
)
def test_it_needs_a_sigmoid_layer_before_it(changes):
    with pytest.raises(UsageError, match=r"^--decoder-steps needs --model mlp and a generator whose last hidden layer"):
        check_decoder(dataclasses.replace(CONFIG, **changes))
