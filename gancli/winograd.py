"""Convolutions by kernels of 3 pixels with 4/9 of the multiplications (Winograd 1980; Lavin and Gray 2016, §4.1).

Maps are computed in tiles of 2 x 2 pixels, for each of which a patch of 4 x 4 pixels of the image and the kernel are
spread out into 16 sums; these are multiplied one by one, 16 products where the plain sum takes 36. In one dimension a
tile is ``A^T ((G k) * (B^T x))``, which is no approximation. It is linear in image and kernel, so the gradient of the
kernel is ``G^T ((B^T x) * (A y))``, summed over tiles.

Over many channels the products are those of 16 pairs of matrices, tiles by channels and channels by channels, which
XLA multiplies at the speed of the machine. They stay 16 arrays: one of all of them would be written and read once more.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

SIZE = 3  # of kernels; pixels
IMAGE = np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]])  # B^T
MAP = np.array([[1, 1, 1, 0], [0, 1, -1, -1]])  # A^T
KERNEL = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]], np.float32)  # G
KERNEL_TWICE = np.kron(KERNEL, KERNEL)  # of rows and columns at once, [16, 9]

Grid = Sequence[Sequence[jax.Array]]  # arrays by row and column


def spread(kernel: jax.Array) -> Grid:
    """Return ``G k G^T``, 4 x 4 matrices ``[C, O]``, of a kernel ``[3, 3, C, O]``."""
    matrices = jnp.tensordot(KERNEL_TWICE, kernel.reshape(-1, *kernel.shape[2:]), 1)
    return [list(row) for row in matrices.reshape(4, 4, *kernel.shape[2:])]


def gathered(matrices: Grid) -> jax.Array:
    """Return ``G^T m G``, ``[3, 3, C, O]``, of 4 x 4 matrices ``[C, O]``: the transpose of ``spread``."""
    kernel = jnp.tensordot(KERNEL_TWICE.T, jnp.stack([matrix for row in matrices for matrix in row]), 1)
    return kernel.reshape(SIZE, SIZE, *kernel.shape[1:])


def convolve(x: jax.Array, spread_kernel: Grid, axis: int = 0) -> jax.Array:
    """Return the maps ``[B, H, W, O]`` of images ``[B, H, W, C]`` with one pixel of zeros around, and a kernel.

    With ``axis`` 1 images have the channels that maps have otherwise, and maps those of images.
    """
    products = [
        [jnp.tensordot(patch, matrix, (3, axis)) for patch, matrix in zip(*row, strict=True)]
        for row in zip(_patches(x), spread_kernel, strict=True)
    ]
    tiles = jnp.stack([jnp.stack(row, axis=3) for row in _mixed(MAP, products)], axis=2)  # [B, H/2, 2, W/2, 2, O]
    batch, rows, _, columns, _, channels = tiles.shape
    return tiles.reshape(batch, 2 * rows, 2 * columns, channels)[:, : x.shape[1], : x.shape[2]]


def correlate(x: jax.Array, y: jax.Array) -> Grid:
    """Return 4 x 4 matrices ``[C, O]``, of images ``[B, H, W, C]`` and maps ``[B, H, W, O]``.

    ``gathered``, they are the sum over images of their patches times the pixels of maps, a kernel.
    """
    y = _even(y)
    tiles = _mixed(MAP.T, [[y[:, row::2, column::2] for column in range(2)] for row in range(2)])
    return [
        [_flat(patch).T @ _flat(tile) for patch, tile in zip(*row, strict=True)]
        for row in zip(_patches(x), tiles, strict=True)
    ]


def _patches(x: jax.Array) -> Grid:
    """Return ``B^T x B`` of all patches: 4 x 4 arrays ``[B, H/2, W/2, C]``."""
    x = jnp.pad(_even(x), ((0, 0), (1, 1), (1, 1), (0, 0)))
    height, width = x.shape[1] - 3, x.shape[2] - 3
    return _mixed(
        IMAGE, [[x[:, row : row + height : 2, column : column + width : 2] for column in range(4)] for row in range(4)]
    )


def _even(x: jax.Array) -> jax.Array:
    """Return images of even sides, with a last row or column of zeros where there was none."""
    return jnp.pad(x, ((0, 0), (0, x.shape[1] % 2), (0, x.shape[2] % 2), (0, 0)))


def _flat(x: jax.Array) -> jax.Array:
    """Return the pixels of all images, ``[B H W, C]``."""
    return x.reshape(-1, x.shape[-1])


def _mixed(matrix: np.ndarray, grid: Grid) -> Grid:
    """Return ``matrix grid matrix^T``."""
    columns = [_sums(matrix, column) for column in zip(*grid, strict=True)]
    return [_sums(matrix, row) for row in zip(*columns, strict=True)]


def _sums(signs: np.ndarray, arrays: Sequence[jax.Array]) -> list[jax.Array]:
    """Return ``signs arrays``. What is zero is left out here, and multiplications by one and minus one by XLA."""
    terms = [[float(sign) * array for sign, array in zip(row, arrays, strict=True) if sign] for row in signs]
    return [sum(rest, start=first) for first, *rest in terms]
