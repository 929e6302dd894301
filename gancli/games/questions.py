"""Questions about examples: what is observed of one, as a generator that completes it takes it."""

import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp

from gancli.games.masking import draw_masks
from gancli.training.domain import Domain


@dataclass(frozen=True)
class Questions:
    """Masks of some kinds on the examples of a domain.

    A mask ``[B, *sites]`` is 1 where an example is observed and else 0: ``[B, H, W, 1]`` of images, whose channels are
    observed together, and ``[B, D]`` of points.
    """

    domain: Domain
    masks: tuple[str, ...]  # names of masks

    @property
    def sides(self) -> tuple[int, ...]:
        """Pixels along each side, or the number of coordinates."""
        return self.domain.shape[:2] if self.domain.is_images else self.domain.shape

    @property
    def sites(self) -> tuple[int, ...]:
        """Shape of a mask, which broadcasts to that of an example."""
        return (*self.sides, 1) if self.domain.is_images else self.sides

    @property
    def size(self) -> int:
        """Length of a question as the generator takes it."""
        return math.prod(self.domain.shape) + math.prod(self.sites)

    def draw(self, key: jax.Array, count: int) -> jax.Array:
        """Draw masks, float32 ``[count, *sites]``, of the kinds that the run learns."""
        return draw_masks(self.masks, key, count, self.sides).reshape(count, *self.sites).astype(jnp.float32)

    def ask(self, x: jax.Array, observed: jax.Array) -> jax.Array:
        """Return questions ``[B, size]``: examples ``[B, *shape]`` in the model's range, 0 where hidden, and masks."""
        return jnp.concatenate([part.reshape(len(x), -1) for part in (x * observed, observed)], axis=1)

    def fill(self, x: jax.Array, observed: jax.Array, drawn: jax.Array) -> jax.Array:
        """Return examples ``[B, *shape]`` whose hidden parts are those of what was drawn; the others stay exactly."""
        return jnp.where(observed > 0, x, drawn)
