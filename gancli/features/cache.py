"""Features of references, kept between commands under the hash of what they were made from."""

import hashlib
import io
from collections.abc import Callable, Iterable
from pathlib import Path

import jax
import numpy as np

from gancli.compute import hosts
from gancli.compute.cache import cache_folder, find_kept
from gancli.compute.environment import recorded
from gancli.errors import GancliError
from gancli.features.extractor import Extractor, Images, described
from gancli.files import read_arrays, write_atomically
from gancli.reporting import Watch


def cached_features(
    extractor: Extractor,
    fingerprint: str,
    batches: Callable[[], Iterable[Images]],
    count: int,
    *,
    watch: Watch | None = None,
    warn: Callable[[str], None],
) -> tuple[np.ndarray, np.ndarray]:
    """Return features float32 ``[count, F]`` and classes int32 ``[count]``, those of the largest logits; kept if known.

    Args:
        extractor: the network.
        fingerprint: hash of the images, in order.
        batches: called for the images when they are not in the cache; see :func:`described`.
        count: how many.
        watch: receives progress.
        warn: told when the cache is damaged or cannot be written; both only cost time.
    """
    # Another device, or other flags, give a network's numbers another rounding.
    rounding = f"{jax.local_devices()[0].device_kind} {recorded()}"
    made_from = f"{extractor.identity} {extractor.resize} {fingerprint} {count} {rounding}"
    key = hashlib.sha256(made_from.encode()).hexdigest()
    name = f"features/{key[:32]}.npz"
    found = _read(find_kept(name), (count, extractor.width), warn)
    known = found is not None
    if hosts.shares():
        known = all(hosts.everybodys(known))  # where one computes them, all have a part of it
    if found and known:
        return found
    features, classes = np.empty((count, extractor.width), np.float32), np.empty(count, np.int32)
    for rows, some_features, logits in described(extractor, batches(), count, watch):
        features[rows], classes[rows] = some_features, logits.argmax(axis=1)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, features=features, classes=classes)
    try:
        write_atomically(cache_folder() / name, buffer.getbuffer())
    except GancliError as error:
        warn(f"{error} The reference's features are not kept.")
    return features, classes


def _read(path: Path, shape: tuple[int, int], warn: Callable[[str], None]) -> tuple[np.ndarray, np.ndarray] | None:
    if not path.exists():
        return None
    try:
        arrays = read_arrays(path, lambda names: names)  # the archive's checksums tell damage
    except GancliError:
        arrays = {}
    features, classes = (arrays.get(name, np.empty(0)) for name in ("features", "classes"))
    if features.shape != shape or classes.shape != shape[:1]:
        warn(f"{path} is damaged; its features are computed again.")
        return None
    return features, classes
