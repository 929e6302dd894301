"""The objectives by the names used on the command line, and those of a user's own file."""

import functools
import hashlib
import importlib.util
import math
from pathlib import Path
from typing import Any

from gancli.errors import UsageError
from gancli.losses.adversarial import (
    absolute_discriminator_loss,
    absolute_generator_loss,
    critic_generator_loss,
    cross_entropy_discriminator_loss,
    hinge_discriminator_loss,
    least_squares_discriminator_loss,
    least_squares_generator_loss,
    maximum_likelihood_generator_loss,
    minimax_generator_loss,
    non_saturating_generator_loss,
    relativistic_discriminator_loss,
    relativistic_generator_loss,
    wasserstein_discriminator_loss,
    wasserstein_generator_loss,
)
from gancli.losses.energy import energy_discriminator_loss, energy_generator_loss
from gancli.losses.f_gan import (
    jensen_shannon_discriminator_loss,
    jensen_shannon_generator_loss,
    pearson_discriminator_loss,
    pearson_generator_loss,
    reverse_kl_discriminator_loss,
    reverse_kl_generator_loss,
    squared_hellinger_discriminator_loss,
    squared_hellinger_generator_loss,
)
from gancli.losses.matching import feature_matching_generator_loss, mmd_generator_loss, perceptual_generator_loss
from gancli.losses.objective import Interpretation, Objective
from gancli.registry import Registry

LOG_2 = math.log(2.0)
JENSEN_SHANNON = Interpretation(
    "Jensen-Shannon divergence", "jsd_bound", scale=0.5, offset=LOG_2, unit="nats", most=LOG_2
)  # ½ (V + log 4) of Goodfellow et al. 2014, Theorem 1
TOTAL_VARIATION = "total variation distance"


LOSSES: Registry[Objective] = Registry(
    "loss",
    {
        "minimax": Objective(cross_entropy_discriminator_loss, minimax_generator_loss, JENSEN_SHANNON),
        "non-saturating": Objective(cross_entropy_discriminator_loss, non_saturating_generator_loss, JENSEN_SHANNON),
        "absolute": Objective(
            absolute_discriminator_loss,
            absolute_generator_loss,
            Interpretation(TOTAL_VARIATION, "total_variation_bound", scale=2.0, offset=1.0, most=1.0),
        ),
        "kl": Objective(cross_entropy_discriminator_loss, maximum_likelihood_generator_loss, JENSEN_SHANNON),
        "reverse-kl": Objective(
            reverse_kl_discriminator_loss,
            reverse_kl_generator_loss,
            Interpretation("KL(samples || data)", "reverse_kl_bound", scale=1.0, offset=0.0, unit="nats"),
        ),
        "jensen-shannon": Objective(
            jensen_shannon_discriminator_loss,
            jensen_shannon_generator_loss,
            Interpretation("Jensen-Shannon divergence", "jsd_bound", scale=0.5, offset=0.0, unit="nats", most=LOG_2),
        ),
        "pearson": Objective(
            pearson_discriminator_loss,
            pearson_generator_loss,
            Interpretation("Pearson's chi-squared divergence", "chi_squared_bound", scale=1.0, offset=0.0),
        ),
        "squared-hellinger": Objective(
            squared_hellinger_discriminator_loss,
            squared_hellinger_generator_loss,
            Interpretation("squared Hellinger distance", "hellinger_bound", scale=1.0, offset=0.0, most=2.0),
        ),
        "least-squares": Objective(
            least_squares_discriminator_loss,
            least_squares_generator_loss,
            # min over D is ½ ∫ pq/(p+q), and ∫ (p-q)²/(p+q) = 2 - 4 ∫ pq/(p+q) (Le Cam 1986).
            Interpretation("Le Cam divergence", "le_cam_bound", scale=8.0, offset=2.0, most=2.0),
            belief=None,
            threshold=0.5,
        ),
        "hinge": Objective(
            hinge_discriminator_loss,
            critic_generator_loss,
            # min over D is 2 ∫ min(p, q) = 2 (1 - TV).
            Interpretation(TOTAL_VARIATION, "total_variation_bound", scale=0.5, offset=1.0, most=1.0),
            belief=None,
        ),
        "wasserstein": Objective(
            wasserstein_discriminator_loss,
            wasserstein_generator_loss,
            Interpretation(
                "earth mover's distance",
                "wasserstein_estimate",
                scale=1.0,
                offset=0.0,
                is_bound=False,
                caveat="times the critic's steepest slope, which is 1 only as far as its penalty keeps it there",
            ),
            belief=None,
            threshold=None,
            needs_one_of=("gradient-penalty", "clip", "spectral-norm"),
        ),
        "energy": Objective(
            energy_discriminator_loss,
            energy_generator_loss,
            network="autoencoder",
            belief=None,
            shows=("energy", -1.0),
            threshold=None,
            uses_margin=True,
        ),
        "feature-matching": Objective(
            cross_entropy_discriminator_loss, feature_matching_generator_loss, JENSEN_SHANNON, compares="features"
        ),
        "perceptual": Objective(
            cross_entropy_discriminator_loss, perceptual_generator_loss, JENSEN_SHANNON, compares="classifier"
        ),
        "mmd": Objective(
            None,
            mmd_generator_loss,
            Interpretation(
                "squared maximum mean discrepancy",
                "mmd_squared",
                scale=-1.0,
                offset=0.0,
                is_bound=False,
            ),
            compares="samples",
            belief=None,
            threshold=None,
        ),
        "relativistic": Objective(
            relativistic_discriminator_loss,
            relativistic_generator_loss,
            # An optimal a = log p/q tells a pair (x, G(z)) from (G(z), x) as well as can be: log 2 - JSD of the two.
            Interpretation("JSD of ordered pairs", "pair_jsd_bound", scale=1.0, offset=LOG_2, unit="nats", most=LOG_2),
            belief=None,
            threshold=None,
        ),
    },
)


def is_own(name: str) -> bool:
    """Return whether a name is that of an objective in a user's file: ``my_losses.py:name``."""
    return ".py:" in name


def objective(name: str) -> Objective:
    """Return an objective by its name on the command line, or from a file as ``PATH.py:NAME``.

    Raises:
        UsageError: there is none of that name, or the file cannot be read or holds something else.
    """
    if not is_own(name):
        return LOSSES[name]
    path, _, attribute = name.rpartition(":")
    return _load(Path(path).absolute(), attribute, fingerprint(name) or "")


def fingerprint(name: str) -> str | None:
    """Return the SHA-256 of the file that an own objective stands in; None for one of gancli's.

    Raises:
        UsageError: the file cannot be read.
    """
    if not is_own(name):
        return None
    path = name.rpartition(":")[0]
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise UsageError(f"--loss {name}: cannot read {path}: {error.strerror}.") from None


@functools.cache
def _load(path: Path, attribute: str, sha256: str) -> Objective:
    """Run a user's file once for each content, so that one objective stays one object and compiles once."""
    name = f"{path}:{attribute}"
    spec = importlib.util.spec_from_file_location(f"gancli_own_{sha256[:16]}", path)
    if spec is None or spec.loader is None:
        raise UsageError(f"--loss {name}: {path} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever a user's file raises
        raise UsageError(f"--loss {name}: running {path} failed: {type(error).__name__}: {error}.") from error
    found: Any = getattr(module, attribute, None)
    if isinstance(found, tuple) and len(found) == 2 and all(callable(half) for half in found):
        found = Objective(*found)
    if not isinstance(found, Objective):
        raise UsageError(
            f"--loss {name}: {path} must define '{attribute}' as a pair of functions (discriminator, generator), "
            f"each of (real_outputs, fake_outputs), or as a gancli.losses.objective.Objective."
        )
    return found
