"""How near a run's answers come to conditionals that are known: ``python benchmarks/completion.py RUN``.

The run is one of ``gancli train gaussian_5d --game completion``, of which every subset of the coordinates is observed
in turn, or of ``gancli train ring --game completion``, of which x is. Beside each error stands that of as many draws of
the true conditional: no generator can do better.
"""

import itertools
import sys
from pathlib import Path

import numpy as np

from gancli.data.synthetic import mixture
from gancli.runs.trained import Trained
from gancli.sampling.completions import complete

QUESTIONS, ANSWERS = 50, 1000


def errors(answers: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> tuple[float, float]:
    """Return the error of the mean in conditional standard deviations, and that of the covariance over its norm."""
    apart = answers.mean(axis=0) - mean
    of_mean = float(np.sqrt(apart @ np.linalg.solve(covariance, apart) / len(apart)))
    found = np.atleast_2d(np.cov(answers.T))
    return of_mean, float(np.linalg.norm(found - covariance) / np.linalg.norm(covariance))


def subsets(trained: Trained) -> None:
    """Print both errors for every subset of observed coordinates, means over questions."""
    density = mixture("gaussian_5d")
    rng = np.random.default_rng(0)
    print("observed    error of the mean  (exact draws)  error of the covariance  (exact draws)")
    by_count: dict[int, list[tuple[float, ...]]] = {}
    for seen in itertools.chain.from_iterable(itertools.combinations(range(5), count) for count in range(5)):
        observed = np.isin(np.arange(5), seen)
        points, _ = density.sample(QUESTIONS, seed=7)
        answers = complete(trained.pair, points, np.tile(observed.astype(np.float32), (QUESTIONS, 1)), ANSWERS, 0)
        found = []
        for point, drawn in zip(points, answers[..., ~observed], strict=True):
            _, (mean,), covariance = density.conditional(point, observed)
            exact = rng.multivariate_normal(mean, covariance, ANSWERS)
            found.append((*errors(drawn, mean, covariance), *errors(exact, mean, covariance)))
        mean_error, covariance_error, mean_noise, covariance_noise = np.mean(found, axis=0)
        by_count.setdefault(len(seen), []).append((mean_error, mean_noise, covariance_error, covariance_noise))
        name = ",".join(f"x{place + 1}" for place in seen) or "nothing"
        print(f"{name:12} {mean_error:16.3f}  {mean_noise:13.3f}  {covariance_error:23.3f}  {covariance_noise:13.3f}")
    print("\nby number   error of the mean  (exact draws)  error of the covariance  (exact draws)  worst of both")
    for count, rows in by_count.items():
        a, b, c, d = np.mean(rows, axis=0)
        worst = np.max(rows, axis=0)
        print(f"{count:<12} {a:16.3f}  {b:13.3f}  {c:23.3f}  {d:13.3f}  {worst[0]:11.3f}, {worst[2]:.3f}")


def ring(trained: Trained) -> None:
    """Print, for the x of each mode, the shares of answers near each of the values that y may have there."""
    density = mixture("ring")
    observed = np.array([True, False])
    print("x        shares of y by mode (true)                    between modes (true)")
    for x in sorted(set(np.round(density.centers[:, 0], 6))):
        point = np.array([[x, 0.0]], np.float32)
        (answers,) = complete(trained.pair, point, observed[None].astype(np.float32), 10_000, 0)
        weights, means, covariance = density.conditional(point[0], observed)
        shares, left = [], 1.0
        deviation = covariance[0, 0] ** 0.5
        for weight, (mean,) in zip(weights, means, strict=True):
            if weight > 0.01:
                share = float((np.abs(answers[:, 1] - mean) < 3 * deviation).mean())
                shares.append(f"y {mean:+.2f}: {share:.3f} ({0.9973 * weight:.3f})")
                left -= share
        print(f"{x:+.3f}   {'  '.join(shares):45}  {left:.3f} (0.003)")


if __name__ == "__main__":
    run = Trained.load(Path(sys.argv[1]), step="latest", ema=True)
    {"gaussian_5d": subsets, "ring": ring}[run.game.config.dataset](run)
