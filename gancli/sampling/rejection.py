"""Samples that a discriminator lets pass: discriminator rejection sampling (Azadi et al. 2019).

D's output is the logarithm of the density of data over that of samples, up to what D has not learned. A logistic
regression on examples that D has never seen corrects its scale and its offset (Turner et al. 2019, §3: calibration).
Then a sample is kept with a probability that grows with that ratio.
"""

from dataclasses import dataclass, replace

import jax
import numpy as np
import scipy

from gancli.errors import GancliError, UsageError
from gancli.games.pair import Pair
from gancli.reporting import Watch
from gancli.salts import CALIBRATION, REJECTION
from gancli.sampling.draws import BLOCK, discriminator_outputs, draw_block, generate

PERCENTILE = 80.0  # of the samples, at which the probability is ½ (Azadi et al. 2019, §4: the 80th on points)
CALIBRATED_ON = 10_000  # samples at most, and as many examples held out
EPSILON = 1e-8  # keeps the best sample from a probability of exactly 1
LEAST_RATE = 1e-3  # of accepted samples, below which drawing ends
FEWEST = 20  # examples of each kind, of which two numbers are fitted


@dataclass(frozen=True)
class Rejection:
    """With what probability samples are kept, as a function of D's output."""

    slope: float  # of the calibrated logit on D's output
    intercept: float
    best: float  # largest calibrated logit so far
    threshold: float = 0.0  # γ; at 0 accepted samples follow the data where the logit is exact

    def logits(self, outputs: np.ndarray) -> np.ndarray:
        """Return calibrated logits ``[N]`` of D's outputs ``[N]``."""
        return self.slope * outputs.astype(np.float64) + self.intercept

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Return with what probability each sample is kept, ``[N]``, by the best logit up to it.

        ``σ(F)``, ``F = a - b - log(1 - exp(a - b - ε)) - γ``, where a is the logit and b the best one so far
        (Azadi et al. 2019, equation 8). With γ = 0 and ε = 0 it is ``exp(a - b)``, the ratio of densities over its
        maximum: exact rejection sampling.
        """
        best = np.maximum.accumulate(np.append(self.best, logits))[1:]
        return scipy.special.expit(_raised(logits - best) - self.threshold)

    def seen(self, logits: np.ndarray) -> "Rejection":
        """Return the rule for the samples that follow these."""
        return replace(self, best=max(self.best, float(logits.max())))

    @classmethod
    def fitted(cls, held_out: np.ndarray, fake: np.ndarray, percentile: float | None = PERCENTILE) -> "Rejection":
        """Return the rule fitted to D's outputs on examples held out ``[N]`` and on samples ``[M]``.

        Args:
            held_out: outputs on data that D was not trained on.
            fake: outputs on samples.
            percentile: of the samples, which sets γ; None: γ is 0.

        Raises:
            GancliError: D gives samples higher outputs than data.
        """
        from sklearn.linear_model import LogisticRegression

        outputs = np.concatenate([held_out, fake]).astype(np.float64)
        scale = max(outputs.std(), np.finfo(np.float32).tiny)
        labels = np.arange(len(outputs)) < len(held_out)
        found = LogisticRegression(C=np.inf, class_weight="balanced").fit(outputs[:, None] / scale, labels)
        slope = float(found.coef_[0, 0]) / scale
        if not slope > 0:
            raise GancliError(
                "the discriminator scores samples higher than held-out data, so rejection by it would keep the worst. "
                "Leave out --reject, or take another --step."
            )
        rule = cls(slope, float(found.intercept_[0]), -np.inf)
        rule = rule.seen(rule.logits(fake))
        if percentile is None:
            return rule
        return replace(rule, threshold=float(np.percentile(_raised(rule.logits(fake) - rule.best), percentile)))


def _raised(below_best: np.ndarray) -> np.ndarray:
    """Return ``d - log(1 - exp(d - ε))`` of logits less the best one, ``[N]``, none above zero."""
    return below_best - np.log(-np.expm1(below_best - EPSILON))


@dataclass(frozen=True)
class Accepted:
    """Latents whose samples were kept."""

    latents: np.ndarray  # [N, Z]
    drawn: int  # samples that were looked at

    @property
    def rate(self) -> float:
        """The share that was kept."""
        return len(self.latents) / self.drawn


def check_rejection(pair: Pair, folder: object) -> None:
    """Raise a UsageError unless the run in ``folder`` has a D whose output is a logit of examples alone."""
    if pair.scores is None:
        raise UsageError(
            f"--reject asks a discriminator of single examples, and the run in '{folder}' has none. Leave it out."
        )
    if pair.domain.num_classes:
        raise UsageError(
            f"--reject asks the discriminator about samples alone, and that of the class-conditional run in '{folder}' "
            f"sees their classes, too. Leave it out."
        )
    if not pair.scores.objective.log_ratio:
        raise UsageError(
            f"--reject needs a discriminator whose output is a logit, and --loss {pair.scores.player.config.loss} of "
            f"the run in '{folder}' makes another one. Leave it out, or train with --loss non-saturating."
        )


def calibrate(pair: Pair, held_out: np.ndarray, seed: int) -> Rejection:
    """Fit the rule of a pair to examples held out ``[N, *shape]`` and to as many samples of their own.

    Args:
        pair: whose discriminator is asked.
        held_out: images in [0, 1] or uint8, or points.
        seed: of the samples, which no draw of that seed has.

    Raises:
        GancliError: there are too few examples, or D gives samples higher outputs than data.
    """
    held_out = held_out[:CALIBRATED_ON]
    if len(held_out) < FEWEST:
        raise GancliError(
            f"--reject needs at least {FEWEST} examples held out from training, and there are {len(held_out)}. "
            f"Train with a higher --held-out."
        )
    key = jax.random.fold_in(jax.random.key(seed), CALIBRATION)
    blocks = range(-(-len(held_out) // BLOCK))
    latents = np.concatenate([np.asarray(pair.draws.latents(jax.random.fold_in(key, at), BLOCK)) for at in blocks])
    real = discriminator_outputs(pair, held_out)
    fake = discriminator_outputs(pair, generate(pair, latents[: len(held_out)]))
    assert real is not None, "there is a discriminator"
    assert fake is not None, "there is a discriminator"
    return Rejection.fitted(real, fake)


def draw_accepted(pair: Pair, rule: Rejection, count: int, seed: int, watch: Watch | None = None) -> Accepted:
    """Draw latents until ``count`` samples were kept. The first n are the same for every ``count`` of at least n.

    Args:
        pair: that draws and scores.
        rule: with what probability samples are kept.
        count: of samples.
        seed: of latents, as in :func:`gancli.sampling.draws.draw_latents`, and of what is kept.
        watch: told how many samples there are.

    Raises:
        GancliError: fewer than one sample in a thousand is kept.
    """
    key = jax.random.fold_in(jax.random.key(seed), REJECTION)
    kept: list[np.ndarray] = []
    found, block = 0, 0
    while True:
        latents = draw_block(pair.draws, block, seed)
        outputs = discriminator_outputs(pair, generate(pair, latents))
        assert outputs is not None, "there is a discriminator"
        logits = rule.logits(outputs)
        chances = np.asarray(jax.random.uniform(jax.random.fold_in(key, block), (BLOCK,)))
        passed = np.flatnonzero(chances < rule.probabilities(logits))
        rule, block = rule.seen(logits), block + 1
        if found + len(passed) >= count:
            last = passed[count - found - 1]
            kept.append(latents[passed[: count - found]])
            return Accepted(np.concatenate(kept), (block - 1) * BLOCK + int(last) + 1)
        kept.append(latents[passed])
        found += len(passed)
        if watch:
            watch(found, count)
        if block * BLOCK * LEAST_RATE > max(found, 10):
            raise GancliError(
                f"the discriminator let {found:,} of {block * BLOCK:,} samples pass. Leave out --reject, or take "
                f"another --step."
            )
