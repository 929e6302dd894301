"""Which of your images are held out: of each class its share, by content alone."""

import heapq
from fractions import Fraction

import numpy as np


def split_rows(labels: np.ndarray, held_out: float) -> dict[str, np.ndarray]:
    """Return the rows of ``validation``, ``test`` and ``train``, each in order.

    Of n images, ``held_out`` / 2 times n, rounded down, are for validation, and as many for testing. Every class gives
    its share, rounded down; what is missing comes from the classes that still owe most, and none gives more than half
    of its images. The first of each class are held out.

    Args:
        labels: int ``[N]``, the class of each image, in an order that their content decides.
        held_out: share of all images, validation and test together, in [0, 0.5].
    """
    share = Fraction(str(held_out)) / 2  # as it is written: 0.1 is a tenth
    order = np.argsort(labels, kind="stable")
    ends = np.flatnonzero(np.diff(labels[order])) + 1
    classes = sorted((rows for rows in np.split(order, ends) if len(rows)), key=lambda rows: rows[0])
    counts = [2 * int(len(rows) * share) for rows in classes]
    missing = 2 * int(len(labels) * share) - sum(counts)
    owing = [(counts[place] - 2 * share * len(rows), place) for place, rows in enumerate(classes)]
    heapq.heapify(owing)
    while missing and owing:
        owed, place = heapq.heappop(owing)
        if owed < 0 and 2 * (counts[place] + 1) <= len(classes[place]):
            counts[place] += 1
            missing -= 1
            heapq.heappush(owing, (owed + 1, place))
    parts: dict[str, list[np.ndarray]] = {"validation": [], "test": [], "train": []}
    odd = 0  # classes that hold out an odd number, in turn one more for validation or for testing
    for rows, count in zip(classes, counts, strict=True):
        first = count // 2 + (count % 2) * (1 - odd % 2)
        odd += count % 2
        for name, part in zip(parts, np.split(rows, [first, count]), strict=True):
            parts[name].append(part)
    return {name: np.sort(np.concatenate([np.empty(0, int), *found])) for name, found in parts.items()}
