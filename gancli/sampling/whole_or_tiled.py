"""Translating one image of any size: as a whole, or in tiles where memory ends."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from gancli.compute import devices
from gancli.games.translates import Translates
from gancli.reporting import Reporter
from gancli.sampling.tiles import OVERLAP, SIDE, count_tiles, in_tiles
from gancli.sampling.translations import attention, bytes_per_pixel, translate
from gancli.training.state import Params


class WholeOrTiled:
    """Translates images as a whole, or in tiles where they do not fit into half of the free memory."""

    def __init__(self, way: Translates, weights: Params):
        self._way, self._weights = way, weights
        network: Any = way.player.network(weights)
        self.multiple, self.smallest = getattr(network, "multiple", 1), getattr(network, "smallest", 1)
        self.channels = way.source.shape[-1]
        self._tiled: dict[tuple[int, ...], tuple[float, int] | None] = {}  # by size: bytes needed and free; None: whole

    def __call__(self, image: np.ndarray, *, seed: int = 0, label: int | None = None) -> np.ndarray:
        """Return the translation of an image: float32 ``[H, W, C]`` in [0, 1].

        Args:
            image: uint8 ``[H, W, C]``, of sides that the network takes.
            seed: of a translator with noise.
            label: of the class that is asked for; None: the translator has none.
        """
        labels = None if label is None else np.array([label], np.int32)
        return self._run(
            lambda part: translate(self._way, self._weights, part[None], block=1, seed=seed, labels=labels)[0], image
        )

    def attention(self, image: np.ndarray) -> np.ndarray:
        """Return where a translator with attention looks in an image ``[H, W, C]``: float32 ``[H, W, 1]``."""
        return self._run(lambda part: attention(self._way, self._weights, part[None], block=1)[0], image)

    def _run(self, network: Callable[[np.ndarray], np.ndarray], image: np.ndarray) -> np.ndarray:
        if image.shape not in self._tiled:
            self._tiled[image.shape] = self._too_large(image.shape)
        return in_tiles(network, image, SIDE, OVERLAP) if self._tiled[image.shape] else network(image)

    @cached_property
    def _bytes_per_pixel(self) -> float:
        return bytes_per_pixel(self._way, self._weights)  # compiles a program

    def _too_large(self, shape: tuple[int, ...]) -> tuple[float, int] | None:
        free = devices.free_memory() if count_tiles(shape, SIDE, OVERLAP) > 1 else None
        if free is None:
            return None
        needed = self._bytes_per_pixel * shape[0] * shape[1]
        return (needed, free) if needed > free / 2 else None

    def tell(self, reporter: Reporter) -> None:
        """Warn of images that were translated in tiles."""
        found = [(*sizes, shape) for shape, sizes in self._tiled.items() if sizes]
        if found:
            needed, free, (height, width, _) = max(found)
            reporter.warning(
                f"images of up to {width}x{height} were translated in tiles of {SIDE} pixels, since a whole one takes "
                f"about {needed / 2**30:.1f} GiB of memory and {free / 2**30:.1f} GiB were free. Colors may differ "
                f"between tiles; smaller images have none."
            )
