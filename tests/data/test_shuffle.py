import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gancli.data.shuffle import permute, permute_on_host, round_keys

KEY = jax.random.key(0)


def order(size, epoch=0, key=KEY):
    return np.asarray(permute(jnp.arange(size), jnp.full(size, epoch), key, size))


@pytest.mark.parametrize("size", [1, 2, 3, 5, 16, 17, 1297, 50_000])
def test_every_row_comes_once_an_epoch(size):
    np.testing.assert_array_equal(np.sort(order(size)), np.arange(size))


def test_epochs_and_keys_differ():
    first = order(1000)
    assert (first == np.arange(1000)).sum() < 10
    assert (first == order(1000, epoch=1)).sum() < 10
    assert (first == order(1000, key=jax.random.key(1))).sum() < 10


def test_a_batch_may_span_two_epochs():
    positions, epochs = jnp.array([8, 9, 0, 1]), jnp.array([0, 0, 1, 1])
    rows = np.asarray(permute(positions, epochs, KEY, 10))
    np.testing.assert_array_equal(rows, [*order(10)[8:], *order(10, epoch=1)[:2]])


def test_places_are_uniform_over_epochs():
    """Where row 0 lands over many epochs: a chi-squared test against the uniform distribution."""
    from scipy.stats import chisquare

    epochs = jnp.arange(5000)
    for size in (10, 16):
        places = np.asarray(permute(jnp.zeros(5000, jnp.int32), epochs, KEY, size))
        assert chisquare(np.bincount(places, minlength=size)).pvalue > 1e-3


def test_neighbors_are_independent():
    rows = order(4096).astype(float)
    assert abs(np.corrcoef(rows[:-1], rows[1:])[0, 1]) < 0.05


@pytest.mark.parametrize("size", [1, 2, 5, 64, 1000, 12_345])
def test_the_host_and_the_device_agree(size):
    key = jax.random.key(3)
    positions = np.random.default_rng(0).integers(0, size, 500)
    epochs = np.random.default_rng(1).integers(0, 2**31, 500)
    keys = np.asarray(round_keys(key))
    expected = permute(jnp.asarray(positions, jnp.int32), jnp.asarray(epochs, jnp.int32), key, size)
    np.testing.assert_array_equal(permute_on_host(positions, epochs, keys, size), expected)
