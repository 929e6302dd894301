"""What a loss is: the two halves of a game, what they compare, what D's loss says, and what is said of it all.

Nothing here needs JAX, so that the catalog can be read without it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from gancli.registry import Entry, lazy

if TYPE_CHECKING:
    import jax

    Criterion: TypeAlias = Callable[[jax.Array, jax.Array], jax.Array]


SIGMOID = lazy("jax.nn:sigmoid")


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
    most: float | None = None  # what the divergence cannot exceed: there the discriminator is certain of every example
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
class Objective(Entry):
    """A loss: both halves map ``(real, fake)``, real first, to a scalar that its player minimizes.

    The discriminator's half takes D's outputs ``[B]``, of which higher means more real. What the generator's half
    takes is in ``compares``: the same ``outputs``; ``features`` of an intermediate layer of D, or of a fixed
    ``classifier``, ``[B, F]``; or the ``samples`` themselves, ``[B, *data_shape]``.
    """

    discriminator: "Callable[..., jax.Array] | None"  # None: the generator learns without one
    generator: "Criterion"
    reading: Interpretation | None = None
    compares: str = "outputs"
    network: str = "scorer"  # what D is: a "scorer", or an "autoencoder" whose output is minus its error
    belief: "Callable[[jax.Array], jax.Array] | None" = SIGMOID  # D(x) in [0, 1]; None: it has none
    shows: tuple[str, float] = ("score", 1.0)  # where outputs are shown as they are: the word for them, and their sign
    threshold: float | None = 0.0  # output above which D takes a sample for real; None: half-way between the means
    log_ratio: bool = False  # whether the best D's output is log p_data/p_samples, or that and a constant
    needs_one_of: tuple[str, ...] = ()  # penalties or bounds of which D must have one
    zero_sum: bool = False  # whether G maximizes what D minimizes, but for what depends on data alone
    uses_margin: bool = False  # whether the discriminator's half takes ``margin``
    # Settings it brings where the defaults are made for another loss: "always", for "points", "images" or a data set.
    defaults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, hash=False, compare=False, kw_only=True)

    def shown(self, outputs: "jax.Array") -> "jax.Array":
        """Return what people are shown of D's outputs ``[B]``: beliefs where it has any."""
        return self.belief(outputs) if self.belief else self.shows[1] * outputs

    def derived(self, loss: float) -> dict[str, float]:
        """Return the estimate of a divergence that a loss gives, by its name in JSON; nothing where there is none."""
        estimate = self.reading and self.reading(loss)
        return {estimate.key: estimate.value} if estimate else {}

    def concluded(self, loss: float) -> dict[str, str]:
        """Return the same for people, by its kind."""
        estimate = self.reading and self.reading(loss)
        return {estimate.kind: estimate.text} if estimate else {}
