"""The residual networks: sizes, what a block is at the start, and statistics of batches."""

import dataclasses

import jax
import jax.export
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from gancli.errors import UsageError
from gancli.models.layers.parts import BatchStats
from gancli.models.resnet import Block, discriminator, generator
from gancli.recipes.resolve import resolve

SMALL = dataclasses.replace(resolve("mnist", None, {"model": "resnet"}), latent_size=6, base_channels=4)


def build(shape, *, bounded=True, **changes):
    config = dataclasses.replace(SMALL, **changes)
    parts = (config, shape, bounded, np.zeros(shape))
    return nnx.jit(lambda: (generator(*parts, nnx.Rngs(0)), discriminator(*parts, nnx.Rngs(1))))()


def latents(count):
    return jax.random.normal(jax.random.key(0), (count, 6))


@pytest.mark.parametrize(
    ("shape", "smallest", "channels"),
    [
        ((28, 28, 1), (7, 7), [4, 8, 16]),
        ((32, 32, 3), (4, 4), [4, 8, 16, 32]),
        ((12, 20, 4), (6, 10), [4, 8]),
        ((256, 256, 3), (4, 4), [4, 8, 16, 32, 32, 32, 32]),
    ],
)
@pytest.mark.parametrize("blocks", [1, 2])
def test_there_are_blocks_at_every_size(shape, smallest, channels, blocks):
    up, down = nnx.eval_shape(lambda: build(shape, blocks=blocks))
    assert up.first == (*smallest, channels[-1])
    for network, widths in ((up, channels[::-1]), (down, channels)):
        found = [[block.layers[0].kernel.shape for block in stage.blocks] for stage in network.stages]
        assert found == [[(3, 3, width, width)] * blocks for width in widths]
    x = jax.eval_shape(lambda z: build(shape, blocks=blocks)[0](z), jnp.zeros((3, 6)))
    assert x.shape == (3, *shape)
    judged = jax.eval_shape(lambda x: build(shape, blocks=blocks)[1](x), x)
    assert (judged.outputs.shape, judged.features.shape) == ((3,), (3, channels[-1]))


@pytest.mark.parametrize(
    "changes", [{"penalty": ("r1",), "batch_norm": False}, {"penalty": ("spectral-norm",)}], ids=str
)
def test_a_block_starts_as_the_straight_way_where_nothing_normalizes_it(changes):
    straight = changes["penalty"] == ("r1",)
    x = jax.random.normal(jax.random.key(0), (2, 8, 8, 4))
    for network, stage in zip(build((8, 8, 1), **changes), (1, 0), strict=True):
        assert np.array_equal(network.stages[stage](x, BatchStats()), x) == straight


def test_features_are_sums_over_the_last_maps_where_weights_are_held_and_means_elsewhere():
    images = jax.random.uniform(jax.random.key(0), (3, 16, 8, 1))
    for penalty, pixels in (("spectral-norm", 1), ("r1", 8 * 4)):
        _, down = build((16, 8, 1), penalty=(penalty,), batch_norm=False)
        found = down(images).features
        down.pooled = jnp.sum
        np.testing.assert_allclose(found * pixels, down(images).features, rtol=1e-5)


def test_a_block_against_its_definition():
    block = Block(3, batch_norm=True, starts_straight=False, init=nnx.initializers.he_normal(), rngs=nnx.Rngs(0))
    x = np.random.default_rng(0).normal(size=(4, 5, 5, 3))

    def convolved(x, layer):
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        patches = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))  # [B, H, W, C, 3, 3]
        return np.einsum("bhwcij,ijco->bhwo", patches, np.float64(layer.kernel[...])) + np.float64(layer.bias[...])

    branch = x
    for layer in block.layers:
        branch = (branch - branch.mean((0, 1, 2))) / np.sqrt(branch.var((0, 1, 2)) + 1e-5)
        branch = convolved(np.where(branch > 0, branch, 0.2 * branch), layer)
    np.testing.assert_allclose(block(jnp.asarray(x, jnp.float32), BatchStats()), x + branch, atol=1e-4)


def test_samples_are_independent_of_one_another_by_standing_statistics_or_without_normalization():
    up, _ = build((8, 8, 1))
    standing = up.statistics(latents(50))
    assert [part.shape for part in standing] == [(2, 8)] * 2 + [(2, 4)] * 3
    np.testing.assert_allclose(up(latents(5), standing)[:1], up(latents(5)[:1], standing), atol=1e-6)
    np.testing.assert_allclose(up(latents(50), standing), up(latents(50)), atol=1e-6)
    free, _ = build((8, 8, 1), batch_norm=False)
    assert free.statistics(latents(5)) == []
    np.testing.assert_allclose(free(latents(5))[:1], free(latents(5)[:1]), atol=1e-6)


def test_the_range_of_images():
    up, _ = build((8, 8, 1), generator_init_range=2.0)
    free, _ = build((8, 8, 1), generator_init_range=2.0, bounded=False)
    x = up(latents(8))
    assert 0 <= float(x.min()) < float(x.max()) <= 1
    np.testing.assert_allclose(0.5 * (jnp.tanh(free(latents(8))) + 1), x, atol=1e-6)


def test_dropout_needs_a_key():
    _, down = build((8, 8, 1), hidden_dropout=(0.5,), input_dropout=0.2)
    x = jax.random.uniform(jax.random.key(0), (2, 8, 8, 1))
    np.testing.assert_array_equal(down(x).outputs, down(x).outputs)
    assert not np.array_equal(down(x, jax.random.key(0)).outputs, down(x).outputs)


def test_other_sizes_are_refused_and_the_nearest_said():
    with pytest.raises(UsageError) as error:
        build((30, 32, 1))
    assert str(error.value) == (
        "--model resnet needs images whose sides are multiples of 4 from 8 to 256 pixels, got 30x32. "
        "Nearest: 28x32 or 32x32."
    )
