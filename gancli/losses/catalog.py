"""The losses and penalties by the names used on the command line, and losses of a user's own file. No libraries.

A loss is added by its functions, in a file of this folder, and one entry here.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gancli import own_files
from gancli.losses.objective import Interpretation, Objective
from gancli.registry import Entry, Registry, lazy

LOG_2 = math.log(2.0)
JENSEN_SHANNON = Interpretation(
    "Jensen-Shannon divergence", "jsd_bound", scale=0.5, offset=LOG_2, unit="nats", most=LOG_2
)  # ½ (V + log 4) of Goodfellow et al. 2014, Theorem 1
TOTAL_VARIATION = "total variation distance"

_CROSS_ENTROPY = lazy("gancli.losses.adversarial:cross_entropy_discriminator_loss")

LOSSES: Registry[Objective] = Registry(
    "loss",
    {
        "minimax": Objective(
            _CROSS_ENTROPY,
            lazy("gancli.losses.adversarial:minimax_generator_loss"),
            JENSEN_SHANNON,
            zero_sum=True,
            log_ratio=True,
            summary="V = E log D(x) + E log(1 - D(G(z))), which D maximizes and G minimizes (Goodfellow et al. 2014).",
            use="The game of the 2014 paper. Take it to study the theory; it needs a D that is never certain, "
            "which --instance-noise sees to.",
            cite=("goodfellow2014gan",),
        ),
        "non-saturating": Objective(
            _CROSS_ENTROPY,
            lazy("gancli.losses.adversarial:non_saturating_generator_loss"),
            JENSEN_SHANNON,
            log_ratio=True,
            summary="D as in minimax; G maximizes E log D(G(z)) (Goodfellow et al. 2014).",
            use="The default. G keeps its gradient where D is certain; with many modes minimax is the steadier.",
            cite=("goodfellow2014gan",),
        ),
        "absolute": Objective(
            lazy("gancli.losses.adversarial:absolute_discriminator_loss"),
            lazy("gancli.losses.adversarial:absolute_generator_loss"),
            Interpretation(TOTAL_VARIATION, "total_variation_bound", scale=2.0, offset=1.0, most=1.0),
            zero_sum=True,
            summary="D minimizes its absolute error, ½ (1 - D(x) + D(G(z))); G maximizes it.",
            use="For comparison: it shows what cross-entropy is good for. Without r1, both gradients vanish.",
            cite=("goodfellow2014gan",),
            defaults={"always": {"penalty": ("r1",), "penalty_weight": 0.1}},  # keeps D(1 - D) above zero
        ),
        "kl": Objective(
            _CROSS_ENTROPY,
            lazy("gancli.losses.adversarial:maximum_likelihood_generator_loss"),
            JENSEN_SHANNON,
            log_ratio=True,
            summary="D as in minimax; G maximizes E exp(a(G(z))): maximum likelihood (Goodfellow 2016).",
            use="For comparison with likelihood models. It covers the data, with less sharp samples.",
            cite=("goodfellow2016tutorial",),
        ),
        "reverse-kl": Objective(
            lazy("gancli.losses.f_gan:reverse_kl_discriminator_loss"),
            lazy("gancli.losses.f_gan:reverse_kl_generator_loss"),
            Interpretation("KL(samples || data)", "reverse_kl_bound", scale=1.0, offset=0.0, unit="nats"),
            zero_sum=True,
            summary="The f-GAN of KL(samples || data): exp(-a(x)) + a(G(z)) - 1 (Nowozin et al. 2016).",
            use="For comparison: it prefers few good modes, and was the first to lose some where there are many.",
            cite=("nowozin2016fgan",),
        ),
        "jensen-shannon": Objective(
            lazy("gancli.losses.f_gan:jensen_shannon_discriminator_loss"),
            lazy("gancli.losses.f_gan:jensen_shannon_generator_loss"),
            Interpretation("Jensen-Shannon divergence", "jsd_bound", scale=0.5, offset=0.0, unit="nats", most=LOG_2),
            summary="The f-GAN of the Jensen-Shannon divergence (Nowozin et al. 2016).",
            use="Trains exactly as non-saturating does: the losses differ by a constant.",
            cite=("nowozin2016fgan",),
        ),
        "pearson": Objective(
            lazy("gancli.losses.f_gan:pearson_discriminator_loss"),
            lazy("gancli.losses.f_gan:pearson_generator_loss"),
            Interpretation("Pearson's chi-squared divergence", "chi_squared_bound", scale=1.0, offset=0.0),
            summary="The f-GAN of Pearson's chi-squared: -a(x) + a(G(z))²/4 + a(G(z)) (Nowozin et al. 2016).",
            use="Take it for points, where few losses leave fewer samples between the modes; weaker on images.",
            cite=("nowozin2016fgan",),
        ),
        "squared-hellinger": Objective(
            lazy("gancli.losses.f_gan:squared_hellinger_discriminator_loss"),
            lazy("gancli.losses.f_gan:squared_hellinger_generator_loss"),
            Interpretation("squared Hellinger distance", "hellinger_bound", scale=1.0, offset=0.0, most=2.0),
            zero_sum=True,
            summary="The f-GAN of the squared Hellinger distance: exp(-a(x)) + exp(a(G(z))) - 2 (Nowozin et al. 2016).",
            use="For comparison: good on ring and images, smeared where there are many modes.",
            cite=("nowozin2016fgan",),
        ),
        "least-squares": Objective(
            lazy("gancli.losses.adversarial:least_squares_discriminator_loss"),
            lazy("gancli.losses.adversarial:least_squares_generator_loss"),
            # min over D is ½ ∫ pq/(p+q), and ∫ (p-q)²/(p+q) = 2 - 4 ∫ pq/(p+q) (Le Cam 1986).
            Interpretation("Le Cam divergence", "le_cam_bound", scale=8.0, offset=2.0, most=2.0),
            belief=None,
            threshold=0.5,
            summary="½ (a(x) - 1)² + ½ a(G(z))²; G minimizes ½ (a(G(z)) - 1)² (Mao et al. 2017, LSGAN).",
            use="The loss of many image-to-image models. Good on images, smeared where there are many modes.",
            cite=("mao2017least",),
        ),
        "hinge": Objective(
            lazy("gancli.losses.adversarial:hinge_discriminator_loss"),
            lazy("gancli.losses.adversarial:critic_generator_loss"),
            # min over D is 2 ∫ min(p, q) = 2 (1 - TV).
            Interpretation(TOTAL_VARIATION, "total_variation_bound", scale=0.5, offset=1.0, most=1.0),
            belief=None,
            summary="max(0, 1 - a(x)) + max(0, 1 + a(G(z))); G minimizes -a(G(z)) (Lim and Ye 2017).",
            use="Take it first for dense networks: best or nearly best on all images and on the grid. It goes "
            "with spectral norms.",
            cite=("lim2017geometric",),
        ),
        "wasserstein": Objective(
            lazy("gancli.losses.adversarial:wasserstein_discriminator_loss"),
            lazy("gancli.losses.adversarial:wasserstein_generator_loss"),
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
            zero_sum=True,
            summary="a(G(z)) - a(x) with a bounded slope: the earth mover's distance (Arjovsky et al. 2017, WGAN).",
            use="Take it for a loss that falls as samples get better. It finds all modes, but needs many steps.",
            cite=("arjovsky2017wasserstein",),
            defaults={"always": {"penalty": ("gradient-penalty",), "penalty_weight": 1.0}},
        ),
        "energy": Objective(
            lazy("gancli.losses.energy:energy_discriminator_loss"),
            lazy("gancli.losses.energy:energy_generator_loss"),
            network="autoencoder",
            belief=None,
            shows=("energy", -1.0),
            threshold=None,
            uses_margin=True,
            summary="d(x) + max(0, margin - d(G(z))), d the error of an autoencoder (Zhao et al. 2017, EBGAN).",
            use="Take it for smooth samples; it needs --model mlp, and a --margin that suits the data.",
            cite=("zhao2017energy",),
            defaults={
                "always": {"pulling_away": 0.1},
                "points": {"discriminator_learning_rate": 1e-4},
                "images": {"instance_noise": 0.0, "margin": 50.0},  # about the variance of MNIST's pixels, summed
                "digits": {"instance_noise": 0.2, "margin": 10.0},
                "grid": {"discriminator_learning_rate": 1e-3, "margin": 10.0},  # about the square of its width
            },
        ),
        "feature-matching": Objective(
            _CROSS_ENTROPY,
            lazy("gancli.losses.matching:feature_matching_generator_loss"),
            JENSEN_SHANNON,
            compares="features",
            log_ratio=True,
            summary="D as in minimax; G minimizes ||E f(x) - E f(G(z))||², f D's last hidden layer "
            "(Salimans et al. 2016).",
            use="Steady but imprecise: it compares means. Take it beside other tasks of D.",
            cite=("salimans2016improved",),
            defaults={"points": {"batch_size": 512}},  # means of few examples vary much
        ),
        "perceptual": Objective(
            _CROSS_ENTROPY,
            lazy("gancli.losses.matching:perceptual_generator_loss"),
            JENSEN_SHANNON,
            compares="classifier",
            log_ratio=True,
            summary="||E f(x) - E f(G(z))||², f the features of a fixed classifier (Johnson et al. 2016).",
            use="A term to add to a loss of your own. Alone, a single image satisfies it.",
            cite=("johnson2016perceptual", "salimans2016improved"),
        ),
        "mmd": Objective(
            None,
            lazy("gancli.losses.matching:mmd_generator_loss"),
            Interpretation("squared maximum mean discrepancy", "mmd_squared", scale=-1.0, offset=0.0, is_bound=False),
            compares="samples",
            belief=None,
            threshold=None,
            summary="The squared maximum mean discrepancy of two batches; there is no D (Li et al. 2015).",
            use="Take it for points, or as a baseline without a game. Pixels are too many for it.",
            cite=("li2015generative", "dziugaite2015training"),
            defaults={
                "always": {"game": "matching", "penalty": (), "instance_noise": 0.0, "k": 1, "packing": 1},
                "images": {"batch_size": 500},
            },
        ),
        "relativistic": Objective(
            lazy("gancli.losses.adversarial:relativistic_discriminator_loss"),
            lazy("gancli.losses.adversarial:relativistic_generator_loss"),
            # An optimal a = log p/q tells a pair (x, G(z)) from (G(z), x) as well as can be: log 2 - JSD of the two.
            Interpretation("JSD of ordered pairs", "pair_jsd_bound", scale=1.0, offset=LOG_2, unit="nats", most=LOG_2),
            belief=None,
            threshold=None,
            log_ratio=True,
            summary="-E log sigmoid(a(x) - a(G(z))) over pairs (Jolicoeur-Martineau 2019; Huang et al. 2024).",
            use="Take it with r1,r2 for convolutional models, whose default it is; slow with mlp.",
            cite=("jolicoeur2019relativistic", "huang2024r3gan"),
            defaults={"always": {"penalty": ("r1", "r2"), "penalty_weight": 1.0}},
        ),
    },
)


@dataclass(frozen=True, kw_only=True)
class Penalty(Entry):
    """A term of D's loss that is made of its gradients, see :mod:`gancli.losses.penalties`."""

    function: Callable[..., Any]
    sets_slope: bool = False  # whether it keeps D's slope at a value of its own, so that only one such thing can be
    bound = False

    def __call__(self, *arguments: Any) -> Any:
        """Return its value."""
        return self.function(*arguments)


@dataclass(frozen=True, kw_only=True)
class Bound(Entry):
    """A rule that D's weights obey after every update, see :mod:`gancli.training.constraints`."""

    function = None
    sets_slope: bool = False
    bound = True

    def __call__(self, *_: Any) -> Any:
        """Add nothing to D's loss."""
        return 0.0


PENALTIES: Registry[Penalty | Bound] = Registry(
    "penalty",
    {
        "r1": Penalty(
            function=lazy("gancli.losses.penalties:r1"),
            summary="½ E ||∇a(x)||² on data (Mescheder et al. 2018).",
            use="Keeps D from moving where it is right. Goes with any loss; try --penalty-weight 0.1 first.",
            cite=("mescheder2018which",),
        ),
        "r2": Penalty(
            function=lazy("gancli.losses.penalties:r2"),
            summary="½ E ||∇a(G(z))||² on samples (Mescheder et al. 2018).",
            use="Beside r1, for the relativistic loss (Huang et al. 2024).",
            cite=("mescheder2018which", "huang2024r3gan"),
        ),
        "gradient-penalty": Penalty(
            function=lazy("gancli.losses.penalties:gradient_penalty"),
            sets_slope=True,
            summary="E (||∇a(u)|| - 1)², u between data and samples (Gulrajani et al. 2017, WGAN-GP).",
            use="The default of the wasserstein loss: keeps the critic's slope near 1.",
            cite=("gulrajani2017improved",),
        ),
        "clip": Bound(
            sets_slope=True,
            summary="Every weight of D is cut to ± --clip-limit after each update (Arjovsky et al. 2017).",
            use="The first and cheapest bound of the wasserstein loss; for comparison.",
            cite=("arjovsky2017wasserstein",),
        ),
        "spectral-norm": Bound(
            sets_slope=True,
            summary="Every kernel of D is divided by its largest singular value (Miyato et al. 2018).",
            use="Cheap, and without a weight to choose. Takes lower learning rates than r1.",
            cite=("miyato2018spectral",),
        ),
    },
)

OPTION = "--loss"
RULE = (
    "a pair of functions (discriminator, generator), each of (real_outputs, fake_outputs), or as a "
    "gancli.losses.objective.Objective"
)


def objective(name: str, kept: Mapping[str, str] | None = None) -> Objective:
    """Return a loss by its name on the command line, or from a file as ``PATH.py:NAME``.

    Args:
        name: of a loss.
        kept: what a run's record keeps of the file, see :func:`gancli.own_files.keep`; then the file is not read.

    Raises:
        UsageError: there is none of that name, or the file cannot be read or holds something else.
    """
    return own_files.choose(LOSSES, OPTION, name, _accepted, RULE, kept)


def _accepted(found: Any) -> Objective | None:
    if isinstance(found, tuple) and len(found) == 2 and all(callable(half) for half in found):
        found = Objective(*found)
    return found if isinstance(found, Objective) else None
