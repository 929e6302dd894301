"""Directions in latent space along which samples change: from classes, or from a generator's weights alone."""

import numpy as np

from gancli.errors import UsageError


def unit(direction: np.ndarray, name: str) -> np.ndarray:
    """Return a direction ``[Z]`` with length 1, float32: a step of 1 is a standard deviation of any prior.

    Raises:
        UsageError: it is zero or not finite; ``name`` is what the user calls it.
    """
    direction = np.asarray(direction, np.float64)
    length = np.linalg.norm(direction)
    if not np.isfinite(length) or length == 0:
        raise UsageError(f"--toward {name}: its numbers must be finite and not all 0. Take another direction.")
    return (direction / length).astype(np.float32)


def between_means(inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Return the vector ``[Z]`` to the mean of latents ``[M, Z]`` from that of ``[N, Z]``, float64.

    The attribute vector of Larsen et al. 2016. Where latents are posterior means ``E[z | x]``, their mean over a
    class is ``E[z | class]``: so much as an encoder leaves open about one image, the vector is not biased by it. The
    normal of a linear classifier (Shen et al. 2020) would be, since it divides by the variance within classes.

    Args:
        inside: latents of the class, to which the vector leads.
        outside: latents of all other classes.
    """
    return inside.mean(axis=0, dtype=np.float64) - outside.mean(axis=0, dtype=np.float64)


def factorized(kernel: np.ndarray) -> np.ndarray:
    """Return the directions that change a linear layer's outputs most, the strongest first, unit rows ``[Z, Z]``.

    SeFa (Shen and Zhou 2021, §3.2): with outputs ``z A``, these are the eigenvectors of ``A Aᵀ``, the left singular
    vectors of A. The largest component of each is positive, so that a direction has one sign.

    Args:
        kernel: A, ``[Z, F]``. With F < Z the last ``Z - F`` directions change nothing.
    """
    vectors, _, _ = np.linalg.svd(kernel.astype(np.float64), full_matrices=kernel.shape[1] < kernel.shape[0])
    axes = vectors.T
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
    return axes * np.sign(largest)
