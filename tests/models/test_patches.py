"""A discriminator of patches: what its scores see, and for which images it is."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from gancli.errors import UsageError
from gancli.models.patches import discriminator, plain_discriminator, receptive_field, strided_layers
from gancli.recipes.resolve import resolve

SMALL = dataclasses.replace(resolve("mnist", None, {"game": "cycle"}), base_channels=2, blocks=1)


def build(shape, **changes):
    return discriminator(dataclasses.replace(SMALL, **changes), shape, True, np.zeros(shape), nnx.Rngs(0))


@pytest.mark.parametrize(("layers", "side"), [(1, 16), (2, 34), (3, 70)])
def test_a_score_sees_a_patch_of_the_published_size(layers, side):
    """By the gradient of a score in the middle: it is zero beyond the patch, and not within."""
    assert receptive_field(layers) == side
    pixels = 128
    network = build((pixels, pixels, 1), patch_layers=layers)
    plain = nnx.clone(network)
    x = jax.random.uniform(jax.random.key(0), (1, pixels, pixels, 1))
    count = network(x).outputs.shape[1]
    middle = count // 2 + int(count**0.5) // 2

    def score(x):  # without normalization, which makes every score depend on the whole image
        x = 2 * x - 1
        for layer in (*plain.layers, plain.logit):
            x = layer(x)
        return x.reshape(-1)[middle]

    touched = np.argwhere(np.asarray(jax.grad(score)(x))[0, :, :, 0] != 0)
    assert (np.ptp(touched, axis=0) + 1).tolist() == [side, side]


@pytest.mark.parametrize(("pixels", "layers", "scores"), [(256, 3, 30), (128, 3, 14), (64, 2, 14), (32, 1, 14)])
def test_smaller_images_have_smaller_patches(pixels, layers, scores):
    assert strided_layers(SMALL, (pixels, pixels, 3)) == layers
    found = jax.eval_shape(lambda: build((pixels, pixels, 3))(jnp.zeros((2, pixels, pixels, 3))))
    assert found.outputs.shape == (2, scores**2)
    assert found.features.shape[0] == 2


def test_too_many_strided_layers_are_refused():
    with pytest.raises(UsageError) as caught:
        build((16, 16, 3), patch_layers=3)
    assert str(caught.value) == ("--patch-layers 3 needs images of at least 32 pixels, got 16x16. Take fewer layers.")


def test_other_examples_are_refused():
    with pytest.raises(UsageError) as caught:
        build((2,))
    assert str(caught.value) == "--model resnet-translator needs images, got examples of shape (2,)."


def build_plain(shape, **changes):
    return plain_discriminator(dataclasses.replace(SMALL, **changes), shape, True, np.zeros(shape), nnx.Rngs(0))


@pytest.mark.parametrize(("pixels", "layers"), [(256, 5), (128, 5), (64, 4), (63, 3), (32, 3), (16, 2)])
def test_the_plain_one_is_as_deep_as_images_allow_unless_configured(pixels, layers):
    shape = (pixels, pixels, 3)
    assert len(nnx.eval_shape(lambda: build_plain(shape)).layers) == layers + 1
    assert len(nnx.eval_shape(lambda: build_plain(shape, patch_layers=1)).layers) == 2


def test_without_normalization_it_sees_how_bright_an_image_is():
    shape, x = (16, 16, 1), jax.random.uniform(jax.random.key(0), (1, 16, 16, 1))
    network = build_plain(shape)
    assert not network.normalizes
    assert network(x).outputs.shape == build(shape, patch_layers=2)(x).outputs.shape
    # With no bias in its layers, twice as bright is twice as high.
    centered = 2 * x - 1
    np.testing.assert_allclose(network(centered + 0.5).outputs, 2 * network(x).outputs, rtol=1e-4, atol=1e-7)
