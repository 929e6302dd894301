"""A decoder trained beforehand, as for TFD."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.nn import sigmoid

from gancli.config import TrainConfig
from gancli.errors import UsageError
from gancli.games.decoder import check_decoder, with_trained_decoder
from gancli.games.pair import GAN
from gancli.imaging.contrast import Contrast

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


def build(contrast=None, **changes):
    gan = GAN.build(dataclasses.replace(CONFIG, **changes), (4, 4, 1), True, len(IMAGES), contrast)
    return gan, gan.init(IMAGES.mean(0) / 255)


@pytest.mark.parametrize("normalized", [False, True])
def test_the_decoder_can_draw_the_data(normalized):
    gan, state = build(Contrast.fit(4.0, IMAGES) if normalized else None)
    trained = with_trained_decoder(gan, state, jnp.asarray(IMAGES))
    output = trained.generator["output"]
    for target in gan.to_model(jnp.asarray(IMAGES[[0, -1]])).reshape(2, 16):
        # Of all 64 codes of on and off, one must draw the pattern: better than the mean image does.
        codes = (jnp.arange(64)[:, None] >> jnp.arange(6)[None]) % 2 * 1.0
        drawn = codes @ output["kernel"] + output["bias"][None]
        drawn = sigmoid(drawn) if gan.bounded else drawn
        errors = ((drawn - target[None]) ** 2).sum(axis=1)
        assert float(errors.min()) < 0.3 * float(((target - target.mean()) ** 2).sum())


def test_nothing_else_moves_and_the_seed_decides():
    gan, state = build()
    trained = with_trained_decoder(gan, state, jnp.asarray(IMAGES))
    again = with_trained_decoder(gan, state, jnp.asarray(IMAGES))
    np.testing.assert_array_equal(trained.generator["output"]["kernel"], again.generator["output"]["kernel"])
    np.testing.assert_array_equal(trained.ema["output"]["kernel"], trained.generator["output"]["kernel"])
    assert not np.array_equal(trained.generator["output"]["kernel"], state.generator["output"]["kernel"])
    jax.tree.map(np.testing.assert_array_equal, trained.generator["hidden"], state.generator["hidden"])
    jax.tree.map(np.testing.assert_array_equal, trained.discriminator, state.discriminator)


@pytest.mark.parametrize(
    "changes", [{"generator_activations": ("relu",)}, {"generator_widths": (), "generator_activations": ("sigmoid",)}]
)
def test_it_needs_a_sigmoid_layer_before_it(changes):
    gan, _ = build(**changes)
    with pytest.raises(UsageError, match=r"^--decoder-steps needs --model mlp and a generator whose last hidden layer"):
        check_decoder(gan)
