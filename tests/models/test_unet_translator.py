"""The U-Net of Isola et al. 2017: geometry, shortcuts, noise, and what does not fit."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from gancli.compute.remat import rematerializing
from gancli.errors import UsageError
from gancli.models.unet_translator import depth_of, translator
from gancli.recipes.resolve import resolve
from tests.playing import assert_close

SMALL = dataclasses.replace(resolve("mnist", None, {"game": "cycle", "model": "unet-translator"}), base_channels=2)


def build(shape, bounded=True, **changes):
    return translator(dataclasses.replace(SMALL, **changes), shape, bounded, np.zeros(shape), nnx.Rngs(0))


def test_the_published_network_has_the_published_layers():
    """C64-C128-C256-C512 x 5, and back with shortcuts (Isola et al. 2017, §6.1.1)."""
    network = nnx.eval_shape(lambda: build((256, 256, 3), base_channels=64))
    assert [layer.kernel.shape[2:] for layer in network.down] == [
        *((3, 64), (64, 128), (128, 256), (256, 512), (512, 512), (512, 512), (512, 512), (512, 512)),
    ]
    assert [layer.kernel.shape[2:] for layer in network.up] == [
        *((512, 512), (1024, 512), (1024, 512), (1024, 512), (1024, 256), (512, 128), (256, 64), (128, 3)),
    ]
    numbers = sum(leaf.size for leaf in jax.tree.leaves(nnx.state(network, nnx.Param)))
    # The reference prints 54.414 M; without scales and shifts of normalization, but with all biases, it is as here.
    assert numbers == pytest.approx(54.41e6, rel=2e-3)


@pytest.mark.parametrize(
    ("shape", "depth"), [((256, 256, 3), 8), ((512, 512, 3), 8), ((64, 64, 3), 6), ((96, 64, 1), 5), ((28, 28, 1), 2)]
)
def test_images_are_halved_as_often_as_their_sides_allow(shape, depth):
    assert depth_of(shape) == depth


def test_it_takes_images_of_any_size_that_is_a_multiple_of_its_own():
    network = build((16, 16, 3))
    assert (network.multiple, network.smallest) == (16, 16)
    for shape in ((2, 16, 16, 3), (1, 32, 48, 3)):
        assert jax.eval_shape(network, jnp.zeros(shape)).shape == shape


def test_noise_is_dropout_that_a_key_turns_on():
    network = build((16, 16, 3), generator_init_range=0.5)
    x = jax.random.uniform(jax.random.key(0), (2, 16, 16, 3))
    plain, one, other = network(x), network(x, jax.random.key(1)), network(x, jax.random.key(2))
    np.testing.assert_array_equal(plain, network(x))
    np.testing.assert_array_equal(one, network(x, jax.random.key(1)))
    assert min(float(jnp.abs(a - b).max()) for a, b in ((plain, one), (one, other))) > 1e-3
    assert 0 <= float(one.min()) < float(one.max()) <= 1


def test_shortcuts_bring_the_finest_maps_to_the_last_layer():
    network = build((16, 16, 1), generator_init_range=0.5)
    x = jax.random.uniform(jax.random.key(0), (1, 16, 16, 1))
    before = network(x)
    half = network.up[-1].kernel.shape[2] // 2  # what stands behind comes by the shortcut
    network.up[-1].kernel[...] = network.up[-1].kernel[...].at[:, :, half:].set(0)
    assert float(jnp.abs(network(x) - before).max()) > 1e-3


def test_rematerialization_changes_no_gradient():
    graph, params = nnx.split(build((4, 4, 1)))
    x = jax.random.uniform(jax.random.key(0), (1, 4, 4, 1))
    gradients = []
    for wanted in (False, True):
        with rematerializing(wanted):
            loss = lambda params: jnp.sum(nnx.merge(graph, params)(x, jax.random.key(1)) ** 2)  # noqa: E731
            gradients.append(jax.grad(loss)(params))
    assert_close(*gradients, atol=1e-4)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2,), "--model unet-translator needs images, got examples of shape (2,)."),
        (
            (18, 16, 3),
            "--model unet-translator needs images whose sides are multiples of 4 from 4 pixels on, got 18x16. "
            "Choose another --resolution.",
        ),
    ],
)
def test_other_examples_are_refused(shape, message):
    with pytest.raises(UsageError) as caught:
        build(shape)
    assert str(caught.value) == message
