"""Memorization: do samples lie closer to the training data than data does that was held out from training?"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from gancli.imaging.pixels import png_bytes, to_unit
from gancli.imaging.sheets import Heading, grid
from gancli.metrics.inputs import Inputs, Measured, identify_split
from gancli.metrics.neighbors import nearest

NUM_PAIRS, PAIRS_IN_ROW = 32, 4  # in the figure of nearest examples
PAIR = (Heading("sample"), Heading("nearest training image"))


@dataclass(frozen=True)
class Memorization:
    """Euclidean distances to the nearest training example, of samples and of held-out examples, compared by rank."""

    median_distance: float  # of samples
    held_out_median_distance: float
    closer: float  # share of pairs (sample, held-out) in which the sample is the closer one; ½: no difference
    z: float  # the same as a deviate of the normal distribution; far below 0: copies

    @classmethod
    def compare(cls, distances: np.ndarray, held_out: np.ndarray) -> "Memorization":
        """Compare distances ``[n]`` and ``[m]`` by Mann and Whitney's test, as Meehan et al. 2020 look for copies."""
        n, m = len(distances), len(held_out)
        farther = float(scipy.stats.mannwhitneyu(distances, held_out, method="asymptotic").statistic)
        z = (farther - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)
        return cls(float(np.median(distances)), float(np.median(held_out)), 1 - farther / (n * m), z)


def measure(inputs: Inputs) -> Measured:
    """Measure in pixels how near samples are to training images, and draw the closest pairs."""
    train, held_out = inputs.split("train"), inputs.split("validation")
    pixels = inputs.pixels()
    flat = to_unit(pixels).reshape(len(pixels), -1)
    watch = inputs.watch("nearest examples")
    distances, rows = nearest(flat, train.flat(), watch=watch)
    others, _ = nearest(held_out.flat(), train.flat(), watch=watch)
    found = Memorization.compare(distances[:, 0], others[:, 0])
    values: dict[str, Any] = {
        "median_distance": found.median_distance,
        "held_out_median_distance": found.held_out_median_distance,
        "closer": found.closer,
        "z": found.z,
    }
    if inputs.figure:
        order = np.argsort(distances[:, 0], kind="stable")[:NUM_PAIRS]
        pairs = np.stack([pixels[order], train.examples[rows[order, 0]]], axis=1)
        in_row = min(PAIRS_IN_ROW, len(pairs))
        sheet = grid(pairs.reshape(-1, *pixels.shape[1:]), 2 * in_row, headings=[PAIR] * in_row)
        inputs.pictures[inputs.figure] = png_bytes(sheet)
    text = (
        f"median distance {found.median_distance:.3f}, of held-out images {found.held_out_median_distance:.3f}; "
        f"a sample is the closer one in {found.closer:.0%} of pairs"
    )
    protocol = {"reference": identify_split(train), "held_out": identify_split(held_out)}
    protocol |= {"distance": "Euclidean in [0, 1] pixels"} | inputs.about_samples
    return Measured("nearest", values, protocol, inputs.draw, text)
