"""What an objective is: the two halves of a game, what they look at, and what the discriminator's loss says."""

from collections.abc import Callable
from dataclasses import dataclass

import jax

Criterion = Callable[[jax.Array, jax.Array], jax.Array]


@dataclass(frozen=True)
class Interpretation:
    """What the loss of D, or without one of G, says about data and samples: ``offset - scale * loss``.

    For most games it bounds a divergence from below, and is the divergence at the best discriminator.
    """

    name: str  # what it is, for people: "Jensen-Shannon divergence"
    key: str  # in JSON: "jsd_bound"
    scale: float
    offset: float
    unit: str = ""
    most: float | None = None  # what the divergence cannot exceed: reached, the discriminator is sure of everything
    caveat: str = ""
    is_bound: bool = True

    def __call__(self, loss: float) -> "Estimate":
        """Return what a loss says."""
        return Estimate(self, self.offset - self.scale * loss)


@dataclass(frozen=True)
class Estimate:
    """What a loss said."""

    reading: Interpretation
    value: float  # of the divergence, or a bound of it

    @property
    def key(self) -> str:
        """The name in JSON."""
        return self.reading.key

    @property
    def kind(self) -> str:
        """What it is called in a table: ``bound`` or ``estimate``."""
        return "bound" if self.reading.is_bound else "estimate"

    @property
    def text(self) -> str:
        """The same for people; a bound below zero says no more than zero."""
        reading = self.reading
        unit = f" {reading.unit}" if reading.unit else ""
        if not reading.is_bound:
            return f"{reading.name} {self.value:.4g}{unit}" + (f", {reading.caveat}" if reading.caveat else "")
        most = f", {reading.most:.4g} at most" if reading.most else ""
        return f"{reading.name} at least {max(self.value, 0.0):.4g}{unit}{most}"


@dataclass(frozen=True)
class Objective:
    """A game: both halves map ``(real, fake)``, real first, to a scalar that its player minimizes.

    The discriminator's half meets its outputs ``[B]``, of which higher means more real. What the generator's half
    meets says ``compares``: the same ``outputs``; ``features`` of an intermediate layer of D, or of a ``classifier``
    that does not move, ``[B, F]``; or the ``samples`` themselves, ``[B, *data_shape]``.
    """

    discriminator: Callable[..., jax.Array] | None  # None: the generator learns without one
    generator: Criterion
    reading: Interpretation | None = None
    compares: str = "outputs"
    network: str = "scorer"  # what D is: a "scorer", or an "autoencoder" whose output is minus its error
    belief: Callable[[jax.Array], jax.Array] | None = jax.nn.sigmoid  # D(x) in [0, 1] of an output; None: it has none
    shows: tuple[str, float] = ("D", 1.0)  # where outputs are shown as they are: the word for them, and their sign
    threshold: float | None = 0.0  # output above which D holds a sample for real; None: half-way between the means
    needs_one_of: tuple[str, ...] = ()  # penalties or constraints of which D must have one
    uses_margin: bool = False  # whether the discriminator's half takes ``margin``

    def shown(self, outputs: jax.Array) -> jax.Array:
        """Return what people are shown of D's outputs ``[B]``: beliefs where it has any."""
        return self.belief(outputs) if self.belief else self.shows[1] * outputs
