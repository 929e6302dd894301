"""Images with a map of numbers laid over them as colors."""

import numpy as np

from gancli.imaging.pixels import to_gray, to_unit

OPACITY = 0.5  # of the colors


def heated(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Return an image in gray under colors from blue, where heat is least, to red, where it is most.

    Args:
        image: ``[H, W, C]`` uint8 with 1, 3 or 4 channels.
        heat: ``[H, W]``, on any scale; where it is the same everywhere, the colors are all blue.

    Returns:
        ``[H, W, 3]`` in [0, 1].
    """
    import matplotlib  # half a second: only where something is drawn

    least, most = float(heat.min()), float(heat.max())
    shares = (heat - least) / (most - least) if most > least else np.zeros_like(heat)
    colors = matplotlib.colormaps["turbo"](shares)[..., :3].astype(np.float32)
    unit = to_unit(image[..., :3] if image.shape[-1] == 4 else image)
    gray = to_gray(unit) if unit.shape[-1] == 3 else unit
    return OPACITY * colors + (1 - OPACITY) * gray
