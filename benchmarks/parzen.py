"""Parzen windows: gancli against the authors' algorithm, the bare matrix product and scikit-learn.

10 000 samples, ten sigmas on 1 000 validation images, the best one on 10 000 test images, 784 dimensions. The authors'
algorithm (their parzen_ll.py) builds the array of differences ``[batch, samples, d]`` once for every sigma; here it is
written in NumPy, timed on a part of the points and scaled up, as is scikit-learn. ``python benchmarks/parzen.py``
"""

import argparse
import time

import jax
import jax.numpy as jnp
import numpy as np
import timing
from scipy.special import logsumexp
from sklearn.neighbors import KernelDensity

from gancli.metrics.parzen import default_sigmas, parzen_score

RNG = np.random.default_rng(0)
SAMPLES, VALIDATION, TEST = (RNG.random((n, 784), dtype=np.float32) for n in (10_000, 1_000, 10_000))
POINT_PASSES = len(default_sigmas()) * len(VALIDATION) + len(TEST)  # (point, sigma) pairs of the whole protocol


def difference_array(points: np.ndarray, sigma: float, batch: int = 10) -> np.ndarray:
    """Return log-likelihoods ``[M]`` as the authors' script computes them."""
    parts = []
    for start in range(0, len(points), batch):
        a = (points[start : start + batch, None, :] - SAMPLES[None]) / sigma
        kernels = logsumexp(-0.5 * (a**2).sum(2), axis=1) - np.log(len(SAMPLES))
        parts.append(kernels - a.shape[2] * np.log(sigma * np.sqrt(2 * np.pi)))
    return np.concatenate(parts)


def bare_product():
    points = [jnp.asarray(np.concatenate([VALIDATION, TEST])[i : i + 1000]) for i in range(0, 11_000, 1000)]
    samples = jnp.asarray(SAMPLES)
    product = jax.jit(lambda a, b: a @ b.T)
    return lambda: [product(part, samples).block_until_ready() for part in points]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=7)
    options = parser.parse_args()
    contenders = {
        "gancli": lambda: parzen_score(SAMPLES, VALIDATION, TEST),
        "bare matrix product (XLA)": bare_product(),
    }
    for run in contenders.values():
        run()
    timing.print_machine()
    seconds = timing.interleave(contenders, options.repetitions)
    timing.print_table(seconds, "gancli", "protocol")
    ours = float(np.median(seconds["gancli"]))

    for name, run, part in (
        ("the authors' algorithm (NumPy)", lambda: difference_array(TEST[:30], 0.2), 30),
        (
            "scikit-learn KernelDensity",
            lambda: KernelDensity(bandwidth=0.2).fit(SAMPLES).score_samples(TEST[:100]),
            100,
        ),
    ):
        run()
        times = []
        for _ in range(3):
            began = time.perf_counter()
            run()
            times.append(time.perf_counter() - began)
        whole = float(np.median(times)) * POINT_PASSES / part
        print(f"{name}: {whole:.0f} s for the protocol (scaled from {part} points) = {whole / ours:.0f} x gancli")


if __name__ == "__main__":
    main()
