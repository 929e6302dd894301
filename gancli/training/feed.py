"""Which examples a step takes: shuffled epochs of every domain, computed from the step's number."""

from operator import itemgetter
from typing import NamedTuple

import jax
import jax.numpy as jnp

from gancli.compute.mesh import divided, rows_of, whole
from gancli.data.shuffle import permute
from gancli.salts import CROP, MIRROR, ORDER
from gancli.training.domain import Batch, Domain
from gancli.training.game import Game


class Cursor(NamedTuple):
    """Where in the shuffled epochs of a domain a chunk begins; int32 ``[]`` each."""

    epoch: jax.Array
    offset: jax.Array  # rows of that epoch already used

    @classmethod
    def at(cls, step: int, domain: Domain) -> "Cursor":
        """Return the place that ``step`` begins at; Python integers, so that no count of images overflows."""
        epoch, offset = divmod(step * domain.rows_per_step, domain.num_examples)
        return cls(jnp.int32(epoch), jnp.int32(offset))


class Parts(NamedTuple):
    """All training examples, of which each device has a part: in order, the last ones filled up with zeros."""

    batches: Batch  # [M, *shape], of M at least N, a multiple of the devices


class Block(NamedTuple):
    """Examples in the order in which some steps take them, for data that is not on the device as a whole."""

    batches: Batch  # [steps, rows_per_step, *shape]
    used: jax.Array  # int32 [], steps of the block that are over


Data = dict[str, Batch] | dict[str, Parts] | dict[str, Block]  # by domain
Cursors = dict[str, Cursor]  # by domain


def cursors(game: Game, step: int) -> Cursors:
    """Return where every domain stands before ``step``."""
    return {domain.name: Cursor.at(step, domain) for domain in game.domains}


def order_key(key: jax.Array, place: int) -> jax.Array:
    """Return the key of the order of the ``place``-th domain's data in a run with this key."""
    return _own(jax.random.fold_in(key, ORDER), place)


def _own(key: jax.Array, place: int) -> jax.Array:
    """Return a key of the ``place``-th domain; the first one has the key itself."""
    return jax.random.fold_in(key, place) if place else key


def next_batches(game: Game, key: jax.Array, data: Data, at: Cursors, index: jax.Array | int) -> dict[str, Batch]:
    """Return each domain's batches ``[*rows, *shape]``, in the model's range, ``index`` steps after the cursors."""
    return {
        domain.name: _next_batch(game, domain, place, key, data[domain.name], at[domain.name], index)
        for place, domain in enumerate(game.domains)
    }


def _next_batch(
    game: Game,
    domain: Domain,
    place: int,
    key: jax.Array,
    data: Batch | Parts | Block,
    cursor: Cursor,
    index: jax.Array | int,
) -> Batch:
    count = domain.rows_per_step
    places = cursor.offset + index * count + jnp.arange(count)
    epochs, places = cursor.epoch + places // domain.num_examples, places % domain.num_examples
    if isinstance(data, Block):
        examples, labels = jax.tree.map(itemgetter(data.used + index), data.batches)
    else:
        rows = whole(permute(places, epochs, order_key(key, place), domain.num_examples))
        examples, labels = (
            rows_of(data.batches, rows) if isinstance(data, Parts) else jax.tree.map(itemgetter(rows), data)
        )

    def drawn(salt: int) -> jax.Array:
        """Return a key of this batch; no other step has it."""
        salted = _own(jax.random.fold_in(key, salt), place)
        return jax.random.fold_in(jax.random.fold_in(salted, epochs[0]), places[0])

    if examples.shape[1:] != domain.shape:
        examples = _random_squares(examples, domain.shape, drawn(CROP))
    if game.config.mirror:
        flipped = jax.random.bernoulli(drawn(MIRROR), shape=(count, 1, 1, 1))
        examples = jnp.where(flipped, examples[:, :, ::-1], examples)
    batch = Batch(domain.to_model(examples).reshape(*domain.rows, *domain.shape), labels.reshape(domain.rows))
    return divided(batch, axis=len(domain.rows) - 1)


def _random_squares(images: jax.Array, shape: tuple[int, ...], key: jax.Array) -> jax.Array:
    """Return a square ``[B, *shape]`` of each of some larger square images ``[B, H, W, C]``, anywhere in it."""
    corners = jax.random.randint(key, (len(images), 2), 0, images.shape[1] - shape[0] + 1)
    return jax.vmap(lambda image, corner: jax.lax.dynamic_slice(image, (*corner, 0), shape))(images, corners)
