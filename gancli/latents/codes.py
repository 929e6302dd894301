"""Codes beside latents: what a sample is to show, drawn with it (Chen et al. 2016, InfoGAN)."""

from dataclasses import dataclass
from functools import cached_property

import jax
import jax.numpy as jnp

from gancli.errors import UsageError

UNIFORM = "u"
MOST_CATEGORIES = 1000
REACH = 1.0  # of a continuous code, on both sides of zero


@dataclass(frozen=True)
class Codes:
    """Which codes there are, in order: how many values a category has, or 0 for a continuous code on [-1, 1)."""

    kinds: tuple[int, ...] = ()

    @classmethod
    def parse(cls, texts: tuple[str, ...]) -> "Codes":
        """Read ``10,u,u``: a category of ten values and two continuous codes.

        Raises:
            UsageError: it is none.
        """
        kinds = []
        for text in texts:
            count = int(text) if text.isdecimal() and len(text) <= 9 else 0
            if text != UNIFORM and not 2 <= count <= MOST_CATEGORIES:
                raise UsageError(
                    f"--codes must be numbers of values from 2 to {MOST_CATEGORIES:,}, or u for a continuous code, as "
                    f"in 10,u,u; got '{text}'."
                )
            kinds.append(count)
        if not kinds:
            raise UsageError("--codes must name at least one code, as in 10,u,u.")
        return cls(tuple(kinds))

    @cached_property
    def places(self) -> tuple[slice, ...]:
        """Where each code stands among the numbers of all."""
        found, start = [], 0
        for kind in self.kinds:
            found.append(slice(start, start + max(kind, 1)))
            start = found[-1].stop
        return tuple(found)

    @property
    def size(self) -> int:
        """Numbers of all codes together: categories are one-hot."""
        return self.places[-1].stop if self.kinds else 0

    @property
    def category(self) -> slice | None:
        """Where the first category stands; None: there is none."""
        return next((place for kind, place in zip(self.kinds, self.places, strict=True) if kind), None)

    def draw(self, key: jax.Array, count: int) -> jax.Array:
        """Draw ``[count, size]``, each code from a key of its own: values of categories are equally likely."""
        parts = []
        for number, kind in enumerate(self.kinds):
            own = jax.random.fold_in(key, number)
            if kind:
                parts.append(jax.nn.one_hot(jax.random.randint(own, (count,), 0, kind), kind))
            else:
                parts.append(jax.random.uniform(own, (count, 1), minval=-REACH, maxval=REACH))
        return jnp.concatenate(parts, axis=1)


NO_CODES = Codes()
