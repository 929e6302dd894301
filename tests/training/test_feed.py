"""Every domain has an order of its own, and an epoch shows each of its examples once."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from gancli.salts import ORDER
from gancli.training.domain import Batch
from gancli.training.feed import Cursor, cursors, next_batches, order_key
from tests.playing import SMALL, assert_equal, play
from tests.toy import Toy
from tests.training.three_players import CONFIG, DATA, DOMAINS, GAME, ON_HOST, first_state


def test_a_cursor_counts_more_examples_than_32_bits_hold():
    step = 10**9
    cursor = Cursor.at(step, DOMAINS[0])
    assert (int(cursor.epoch), int(cursor.offset)) == divmod(8 * step, 20)


def test_each_domain_has_an_order_of_its_own_and_an_epoch_shows_every_example_once():
    key = first_state().key
    assert_equal(order_key(key, 0), jax.random.fold_in(key, ORDER))  # of one domain as of the first of several
    assert_equal(order_key(key, 1), jax.random.fold_in(jax.random.fold_in(key, ORDER), 1))
    numbered = {
        "images": Batch(DATA["images"].examples, jnp.arange(20)),
        "points": Batch(DATA["points"].examples, jnp.arange(12)),
    }
    compiled = jax.jit(next_batches, static_argnums=0)
    seen: dict[str, list[int]] = {"images": [], "points": []}
    for step in range(15):
        batches = compiled(GAME, key, numbered, cursors(GAME, step), 0)
        assert_equal(batches, compiled(GAME, key, numbered, cursors(GAME, 0), step))
        for domain in DOMAINS:
            batch = batches[domain.name]
            assert batch.examples.shape == (*domain.rows, *domain.shape)
            rows = np.asarray(batch.labels).ravel()
            seen[domain.name] += rows.tolist()
            examples = np.asarray(batch.examples).reshape(8, *domain.shape)
            np.testing.assert_array_equal(examples, np.asarray(domain.to_model(ON_HOST[domain.name].examples))[rows])
    for domain in DOMAINS:
        count = domain.num_examples
        epochs = [seen[domain.name][start : start + count] for start in range(0, 120, count)]
        assert all(sorted(epoch) == list(range(count)) for epoch in epochs)
        assert len({tuple(epoch) for epoch in epochs}) == len(epochs)


def test_two_domains_of_one_size_are_not_shown_in_one_order():
    twins = (DOMAINS[1], dataclasses.replace(DOMAINS[1], name="others"))
    game = Toy.build(CONFIG, twins)
    data = {domain.name: Batch(DATA["points"].examples, jnp.arange(12)) for domain in twins}
    batches = next_batches(game, first_state().key, data, cursors(game, 0), 0)
    assert not np.array_equal(batches["points"].labels, batches["others"].labels)


def test_of_larger_images_each_step_takes_squares_that_lie_anywhere():
    """Every pixel says which image it is of and where it lies."""
    rows, columns = np.indices((6, 6))
    places = np.broadcast_to(10 * rows + columns, (20, 6, 6))
    numbers = np.broadcast_to(np.arange(20)[:, None, None], (20, 6, 6))
    larger = {"data": Batch(jnp.asarray(np.stack([places, numbers], -1).astype(np.uint8)), jnp.arange(20))}
    game = play(SMALL, (4, 4, 2), 20)
    compiled, key, corners = jax.jit(next_batches, static_argnums=0), first_state().key, []
    for step in range(25):
        batch = compiled(game, key, larger, cursors(game, step), 0)["data"]
        assert_equal(batch, compiled(game, key, larger, cursors(game, 0), step)["data"])
        pixels = np.round(255 * np.asarray(batch.examples[0])).astype(int)
        np.testing.assert_array_equal(pixels[..., 1], np.broadcast_to(batch.labels[0][:, None, None], (8, 4, 4)))
        first = pixels[:, 0, 0, 0]
        np.testing.assert_array_equal(pixels[..., 0], first[:, None, None] + (10 * rows + columns)[:4, :4])
        corners += first.tolist()
    found, counts = np.unique(corners, return_counts=True)
    assert found.tolist() == [0, 1, 2, 10, 11, 12, 20, 21, 22]
    assert counts.min() > 8  # of 22 expected: 3.2 standard deviations


def test_both_images_of_a_pair_are_cut_and_mirrored_alike():
    image = np.random.default_rng(2).integers(0, 128, (20, 6, 6, 1), np.uint8)
    pairs = {"data": Batch(jnp.concatenate([image, 2 * image], axis=-1), jnp.arange(20))}
    game = play(dataclasses.replace(SMALL, mirror=True), (4, 4, 2), 20)
    examples = np.asarray(next_batches(game, first_state().key, pairs, cursors(game, 0), 0)["data"].examples)
    np.testing.assert_allclose(examples[..., 1], 2 * examples[..., 0], rtol=1e-6)
