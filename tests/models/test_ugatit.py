"""The networks of Kim et al. 2020: geometry, attention, and what does not fit."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from gancli.compute.remat import rematerializing
from gancli.errors import UsageError
from gancli.models.ugatit import discriminator, translator
from gancli.recipes.resolve import resolve
from tests.playing import assert_close

PLAIN = resolve("mnist", None, {"game": "cycle", "model": "ugatit"})
SMALL = dataclasses.replace(PLAIN, base_channels=2, blocks=1)


def build(shape, bounded=True, **changes) -> Any:
    parts = (dataclasses.replace(SMALL, **changes), shape, bounded, np.zeros(shape), nnx.Rngs(0))
    return translator(*parts), discriminator(*parts)


def numbers(network) -> int:
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(network, nnx.Param)))


def test_the_published_networks_have_the_published_layers():
    """The light form at 256 pixels: ch 64, four blocks in each half, discriminators of seven and five layers."""
    up, down = nnx.eval_shape(lambda: build((256, 256, 3), base_channels=64, blocks=4))
    assert [layer.kernel.shape for layer in (up.first, *up.down, up.last)] == [
        *((7, 7, 3, 64), (3, 3, 64, 128), (3, 3, 128, 256), (7, 7, 64, 3)),
    ]
    assert (len(up.blocks), len(up.styled)) == (4, 4)
    assert up.attention.mixing.shape == (512, 256)
    assert [layer.layer.kernel.shape for layer in up.up] == [(3, 3, 256, 128), (3, 3, 128, 64)]
    widths = [layer.kernel.shape[-1] for layer in (*down.whole.layers, down.whole.logit)]
    assert widths == [64, 128, 256, 512, 1024, 2048, 1]
    assert [layer.stride for layer in down.whole.layers] == [2, 2, 2, 2, 2, 1]
    assert [layer.kernel.shape[-1] for layer in (*down.local.layers, down.local.logit)] == [64, 128, 256, 512, 1]
    # Counted by hand: kernels and biases of the layers, 2 C for the classifiers, 2 C C + C for the mixture.
    local = sum(16 * i * o + o for i, o in ((3, 64), (64, 128), (128, 256), (256, 512)))
    local += 2 * 512 + 2 * 512 * 512 + 512 + 16 * 512
    assert numbers(down.local) == local


@pytest.mark.parametrize(
    ("side", "layers", "strided"),
    [(16, 0, (2, 1)), (32, 0, (3, 1)), (64, 0, (4, 2)), (128, 0, (5, 3)), (64, 1, (3, 1))],
)
def test_the_layers_of_both_discriminators_fit_the_image(side, layers, strided):
    _, down = nnx.eval_shape(lambda: build((side, side, 3), patch_layers=layers))
    assert tuple(sum(layer.stride == 2 for layer in one.layers) for one in (down.whole, down.local)) == strided
    found = jax.eval_shape(lambda: build((side, side, 3), patch_layers=layers)[1](jnp.zeros((2, side, side, 3))))
    count = side // 2 ** strided[0] - 2
    assert found.outputs.shape == (2, count**2)
    assert [one.shape for one in found.others] == [(2, 2), (2, (side // 2 ** strided[1] - 2) ** 2), (2, 2)]


def test_a_translator_takes_images_of_any_size_that_is_a_multiple_of_four():
    up, _ = build((16, 16, 3))
    for shape in ((2, 16, 16, 3), (1, 20, 36, 3)):
        found = jax.eval_shape(up.attended, jnp.zeros(shape))
        assert found.images.shape == shape
        assert (found.logits.shape, found.heat.shape) == ((shape[0], 2), (shape[0], shape[1] // 4, shape[2] // 4))
    assert (up.multiple, up.smallest) == (4, 16)


def test_it_looks_where_its_classifiers_have_weights():
    """Of encoded maps that are positive in one place only, heat is there alone, if nothing is added."""
    up, _ = build((16, 16, 1))
    mixed, _ = up.attention(jnp.zeros((1, 4, 4, 8)).at[0, 1, 2].set(1.0))
    heat = np.asarray(nnx.relu(mixed).sum(axis=-1))
    assert heat[0, 1, 2] == heat.sum() > 0


def test_the_style_of_an_image_decides_its_normalization():
    up, _ = build((16, 16, 1))
    x = jax.random.uniform(jax.random.key(0), (2, 16, 16, 1))
    plain = up(x)
    np.testing.assert_allclose(plain[:1], up(x[:1]), atol=1e-6)  # and images do not depend on one another
    up.style.bias.kernel[...] += 0.5
    assert float(jnp.abs(up(x) - plain).max()) > 1e-3


def test_bounded_images_stay_in_the_unit_interval_and_others_do_not():
    x = jax.random.uniform(jax.random.key(0), (1, 16, 16, 1))
    (up, down), (free, _) = (build((16, 16, 1), bounded=one, generator_init_range=1.0) for one in (True, False))
    found = up(x)
    assert 0 <= float(found.min()) < float(found.max()) <= 1
    np.testing.assert_allclose(0.5 * (jnp.tanh(free(2 * x - 1)) + 1), found, atol=1e-5)
    np.testing.assert_allclose(down(jnp.full_like(x, 0.5)).outputs, down.whole(jnp.zeros_like(x))[0], atol=1e-6)


def test_rematerialization_changes_no_gradient():
    networks = build((16, 16, 1))
    x = jax.random.uniform(jax.random.key(0), (1, 16, 16, 1))
    used = (lambda net: net.attended(x), lambda net: net(x))
    for network, found in zip(networks, used, strict=True):
        graph, params = nnx.split(network)

        def squares(params, found=found, graph=graph):
            return sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(found(nnx.merge(graph, params))))

        gradients = []
        for wanted in (False, True):
            with rematerializing(wanted):
                gradients.append(jax.jit(jax.grad(squares))(params))
        assert_close(*gradients, atol=1e-4)


@pytest.mark.parametrize(
    ("build", "shape", "changes", "message"),
    [
        (translator, (2,), {}, "--model ugatit needs images, got examples of shape (2,)."),
        (
            translator,
            (18, 16, 3),
            {},
            "--model ugatit needs images whose sides are multiples of 4 from 16 pixels on, got 18x16. Choose another "
            "--resolution.",
        ),
        (
            discriminator,
            (16, 16, 3),
            {"patch_layers": 3},
            "--patch-layers 3 needs images of at least 32 pixels, got 16x16. Take fewer layers.",
        ),
    ],
    ids=["points", "sides", "layers"],
)
def test_other_examples_are_refused(build, shape, changes, message):
    with pytest.raises(UsageError) as caught:
        build(dataclasses.replace(SMALL, **changes), shape, True, np.zeros(shape), nnx.Rngs(0))
    assert str(caught.value) == message
