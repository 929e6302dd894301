"""Metrics: Fréchet distance beside SciPy's matrix root; precision and recall beside prdc, in time and peak memory.

    python benchmarks/metrics.py

Features are random: 2 048 of them, 5 000 samples behind each covariance, 10 000 samples for precision and recall (the
protocol of the papers). Precision and recall run in processes of their own, so that their peak memory can be told.
"""

import argparse
import resource
import subprocess
import sys
import time

import numpy as np
import scipy.linalg
import timing

from gancli.metrics.frechet import frechet_distance
from gancli.metrics.moments import Gaussian, Moments
from gancli.metrics.precision_recall import precision_recall

WIDTH = 2048


def features(count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, WIDTH), np.float32) * np.linspace(0.05, 1, WIDTH, dtype=np.float32) + seed / 50


def by_scipy(one: Gaussian, other: Gaussian) -> float:
    root = scipy.linalg.sqrtm(one.covariance @ other.covariance)
    traces = np.trace(one.covariance) + np.trace(other.covariance) - 2 * np.trace(root).real
    return float(((one.mean - other.mean) ** 2).sum() + traces)


def frechet(repetitions: int) -> None:
    one, other = (Moments.of(features(5000, seed)).compute() for seed in (0, 1))
    found, theirs = frechet_distance(one, other), by_scipy(one, other)
    print(f"Fréchet distance of {WIDTH} features: {found:.10f}, by SciPy's root {theirs:.10f}")

    def ours() -> None:
        frechet_distance(one, Gaussian(other.mean, other.covariance))  # a new one: factorised again

    contenders = {"gancli": ours, "scipy.linalg.sqrtm": lambda: by_scipy(one, other)}
    timing.print_table(timing.interleave(contenders, repetitions), "gancli", "distance")


def by_ours(samples: np.ndarray, reference: np.ndarray) -> tuple[float, float]:
    found = precision_recall(samples, reference)
    return found.precision, found.recall


def by_scikit_learn(samples: np.ndarray, reference: np.ndarray) -> tuple[float, float]:
    """Do as prdc does: whole distance matrices, by scikit-learn, and a partition of each row."""
    from sklearn.metrics import pairwise_distances

    real, fake = (pairwise_distances(own, n_jobs=2) for own in (reference, samples))
    real_radii, fake_radii = (np.partition(own, 3, axis=1)[:, 3] for own in (real, fake))
    cross = pairwise_distances(reference, samples, n_jobs=2)
    return (cross <= real_radii[:, None]).any(axis=0).mean(), (cross <= fake_radii).any(axis=1).mean()


CONTENDERS = {"gancli": by_ours, "scikit-learn, as prdc": by_scikit_learn}


def measure(name: str, count: int) -> None:
    """Run one contender and print its seconds, what it added to the peak memory, and its numbers."""
    samples, reference = features(count, 0), features(count, 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    numbers = CONTENDERS[name](samples, reference)
    seconds = time.perf_counter() - began
    added = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"{name:24} {seconds:8.1f} s {added / 1024:8.0f} MiB   precision {numbers[0]:.4f} recall {numbers[1]:.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--only", choices=CONTENDERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        measure(options.only, options.count)
        return
    timing.print_machine()
    frechet(options.repetitions)
    print(f"\nprecision and recall, {options.count:,} x {options.count:,} x {WIDTH}")
    for _ in range(options.repetitions):
        for name in CONTENDERS:
            subprocess.run([sys.executable, __file__, "--only", name, "--count", str(options.count)], check=True)


if __name__ == "__main__":
    main()
