"""A rare class, filled up by a class-conditional generator: the data before, and a classifier's recall after.

rebalance.py skew SKEWED.npz        the digits, of which one class has few images left; the rest of it is set aside
rebalance.py score SKEWED.npz SAMPLES.npz
"""

import sys

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

RARE, LEFT, SEED = 8, 10, 0  # the class, how many of its images stay, and the draw of these
PER_CLASS = 130  # about as many as the others have

pixels, labels = load_digits(return_X_y=True)
order = np.random.default_rng(SEED).permutation(len(labels))
train, test = order[:1297], order[1297:]
rare = train[labels[train] == RARE]
kept = np.setdiff1d(train, rare[LEFT:])
test = np.concatenate([test, rare[LEFT:]])  # what was taken away from training is met at the end


def recall(images: np.ndarray, classes: np.ndarray) -> str:
    """Train a classifier; return its recall of the rare class with Wilson's 95% interval, and its accuracy."""
    classifier = LogisticRegression(max_iter=5000).fit(images / 255, classes)
    found = classifier.predict(as_images(test) / 255)
    right = found[labels[test] == RARE] == RARE
    n, share, z = len(right), right.mean(), 1.96
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    others = labels[test] != RARE
    return (
        f"recall {share:.3f} [{middle - half:.3f}, {middle + half:.3f}] of {n} images, "
        f"others right {(found[others] == labels[test][others]).mean():.3f}"
    )


def as_images(rows: np.ndarray) -> np.ndarray:
    """Return digits as bytes ``[N, 64]``."""
    return np.rint(pixels[rows] * (255 / 16)).astype(np.uint8)


if sys.argv[1] == "skew":
    np.savez_compressed(sys.argv[2], images=as_images(kept).reshape(-1, 8, 8, 1), labels=labels[kept])
else:
    images, classes = as_images(kept), labels[kept]
    few = images[classes == RARE]
    missing = PER_CLASS - len(few)
    with np.load(sys.argv[3]) as drawn:
        samples = drawn["images"].reshape(-1, 64)[:missing]
    more = np.append(classes, np.full(missing, RARE))
    print(f"{LEFT} images of class {RARE}, {PER_CLASS} of each other, about; logistic regression:")
    print(f"as it is            {recall(images, classes)}")
    print(f"the few repeated    {recall(np.concatenate([images, np.resize(few, (missing, 64))]), more)}")
    print(f"filled with samples {recall(np.concatenate([images, samples]), more)}")
