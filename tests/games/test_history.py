"""The history of samples: what is seen, what is kept, and how often."""

import jax
import jax.numpy as jnp
import numpy as np

from gancli.games.history import History, exchanged


def full(size: int) -> History:
    """Return a full history of the numbers from 0."""
    return History(jnp.arange(float(size)), jnp.int32(size))


def test_until_it_is_full_every_sample_is_seen_and_kept():
    history = History.empty(5, ())
    for numbers in ([1.0, 2.0], [3.0, 4.0]):
        seen, history = exchanged(history, jnp.array(numbers), jax.random.key(0))
        np.testing.assert_array_equal(seen, numbers)
    np.testing.assert_array_equal(history.samples, [1, 2, 3, 4, 0])
    assert history.filled == 4


def test_then_half_of_the_samples_are_earlier_ones_each_as_often():
    """Shrivastava et al. 2017, and the code of Zhu et al. 2017: probability 1/2, uniformly chosen."""
    size, count = 4, 20_000
    keys = jax.random.split(jax.random.key(1), count)
    seen, after = jax.vmap(lambda key: exchanged(full(size), jnp.array([9.0]), key))(keys)
    seen, kept = np.asarray(seen)[:, 0], np.asarray(after.samples)
    for number in range(size):
        share = (seen == number).mean()
        assert abs(share - 1 / (2 * size)) < 5 * np.sqrt(1 / (2 * size) / count)
        # What is seen leaves its place to the new sample, and nothing else moves.
        np.testing.assert_array_equal(kept[seen == number, number], 9.0)
    assert abs((seen == 9).mean() - 0.5) < 5 * np.sqrt(0.25 / count)
    np.testing.assert_array_equal((kept == 9).sum(axis=1), (seen != 9).astype(int))


def test_nothing_is_lost_and_samples_of_one_batch_come_one_after_the_other():
    history, everything, found = full(3), set(range(3)), []
    compiled = jax.jit(exchanged)
    for number in range(50):
        new = jnp.array([100.0 + 2 * number, 101.0 + 2 * number])
        everything |= set(np.asarray(new).tolist())
        seen, history = compiled(history, new, jax.random.fold_in(jax.random.key(2), number))
        found += np.asarray(seen).tolist()
    assert sorted(found + np.asarray(history.samples).tolist()) == sorted(everything)


def test_without_room_samples_are_seen_as_they_come():
    samples = jnp.ones((2, 3))
    seen, history = exchanged(History.empty(0, (3,)), samples, jax.random.key(0))
    assert seen is samples
    assert history.samples.shape == (0, 3)
