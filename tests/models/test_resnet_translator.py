"""The networks of Zhu et al. 2017: geometry, normalization, and what does not fit."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from gancli.compute.remat import rematerializing
from gancli.errors import UsageError
from gancli.models.patches import discriminator
from gancli.models.resnet_translator import translator
from gancli.recipes.resolve import resolve
from tests.playing import assert_close

SMALL = dataclasses.replace(resolve("mnist", None, {"game": "cycle"}), base_channels=2, blocks=1)


def build(shape, bounded=True, **changes):
    parts = (dataclasses.replace(SMALL, **changes), shape, bounded, np.zeros(shape), nnx.Rngs(0))
    return translator(*parts), discriminator(*parts)


def numbers(network) -> int:
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(network, nnx.Param)))


def test_the_published_networks_have_the_published_layers():
    """c7s1-64, d128, d256, R256 x 6, u128, u64, c7s1-3 against C64-C128-C256-C512 (Zhu et al. 2017, appendix 7.2)."""
    up, down = nnx.eval_shape(lambda: build((128, 128, 3), base_channels=64, blocks=6))
    shapes = [layer.kernel.shape for layer in (up.first, *up.down, *up.blocks[0].layers, up.last)]
    assert shapes == [
        *((7, 7, 3, 64), (3, 3, 64, 128), (3, 3, 128, 256)),
        *((3, 3, 256, 256), (3, 3, 256, 256), (7, 7, 64, 3)),
    ]
    assert len(up.blocks) == 6
    assert [layer.kernel.shape[2:] for layer in up.up] == [(256, 128), (128, 64)]
    assert [layer.kernel.shape for layer in (*down.layers, down.logit)] == [
        *((4, 4, 3, 64), (4, 4, 64, 128), (4, 4, 128, 256), (4, 4, 256, 512), (4, 4, 512, 1)),
    ]
    # The reference has 2,764,737 numbers in a discriminator with biases (pytorch-CycleGAN-and-pix2pix, basic).
    assert numbers(down) == 2_764_737


def test_a_translator_takes_images_of_any_size_that_is_a_multiple_of_four():
    up, _ = build((16, 16, 3))
    for shape in ((2, 16, 16, 3), (1, 20, 36, 3)):
        assert up(jnp.zeros(shape)).shape == shape
    assert (up.multiple, up.smallest) == (4, 16)


def test_bounded_images_stay_in_the_unit_interval_and_others_do_not():
    x = jax.random.uniform(jax.random.key(0), (1, 16, 16, 1))
    up, _ = build((16, 16, 1), generator_init_range=1.0)
    free, _ = build((16, 16, 1), bounded=False, generator_init_range=1.0)
    found = up(x)
    assert 0 <= float(found.min()) < float(found.max()) <= 1
    # The same weights: a bounded translator maps [0, 1] to [-1, 1] and back.
    np.testing.assert_allclose(0.5 * (jnp.tanh(free(2 * x - 1)) + 1), found, atol=1e-6)
    assert float(jnp.abs(free(2 * x - 1)).max()) > 1


def test_images_do_not_depend_on_one_another():
    up, down = build((16, 16, 1))
    x = jax.random.uniform(jax.random.key(0), (3, 16, 16, 1))
    np.testing.assert_allclose(up(x)[:1], up(x[:1]), atol=1e-6)
    np.testing.assert_allclose(down(x).outputs[:1], down(x[:1]).outputs, atol=1e-6)


def test_rematerialization_changes_no_gradient():
    networks = build((16, 16, 1))
    x = jax.random.uniform(jax.random.key(0), (1, 16, 16, 1))
    for network, found in zip(networks, (lambda net: net(x), lambda net: net(x).outputs), strict=True):
        graph, params = nnx.split(network)
        gradients = []
        for wanted in (False, True):
            with rematerializing(wanted):
                gradients.append(
                    jax.grad(lambda params, found=found, graph=graph: jnp.sum(found(nnx.merge(graph, params)) ** 2))(
                        params
                    )
                )
        assert_close(*gradients, atol=1e-4)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2,), "--model resnet-translator needs images, got examples of shape (2,)."),
        (
            (18, 16, 3),
            "--model resnet-translator needs images whose sides are multiples of 4 from 16 pixels on, got 18x16. "
            "Choose another --resolution.",
        ),
    ],
)
def test_other_examples_are_refused(shape, message):
    with pytest.raises(UsageError) as caught:
        translator(SMALL, shape, True, np.zeros(shape), nnx.Rngs(0))
    assert str(caught.value) == message


def test_a_translator_to_classes_sees_them_and_nothing_takes_them_away():
    shape = (16, 16, 1)
    up = translator(SMALL, shape, True, np.zeros(shape), nnx.Rngs(0), num_classes=3)
    assert up.first.kernel.shape == (7, 7, 4, 2)
    x = jax.random.uniform(jax.random.key(0), (1, *shape))
    found = [up(x, jax.nn.one_hot(jnp.array([label]), 3)) for label in range(3)]
    assert min(float(jnp.abs(found[0] - other).max()) for other in found[1:]) > 1e-4
    # One of a class is what the same network makes of a batch of several.
    both = up(jnp.concatenate([x, x]), jnp.eye(3)[:2])
    for place in range(2):
        np.testing.assert_allclose(both[place], found[place][0], atol=1e-6)
