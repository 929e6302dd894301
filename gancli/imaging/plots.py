"""Plots for data that can be plotted: one and two dimensions. Arrays in, images out.

Matplotlib takes half a second to import, so it is imported where something is drawn.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

# Where there is no home, matplotlib takes a temporary folder, and would say so at length.
logging.getLogger("matplotlib").setLevel(logging.ERROR)
os.environ["MPLBACKEND"] = "agg"  # of another value, also one that it does not know, nothing is wanted

from gancli.imaging.pixels import png_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

DATA, MODEL, SCORE = "black", "tab:green", "tab:blue"  # the colors of the paper's Figure 1


@dataclass(frozen=True)
class Panel:
    """One stage of training on 1-D data; curves are sampled on the ``x`` shared by all panels."""

    title: str
    discriminator: np.ndarray | None  # D(x) in [0, 1], [P]; None: there is no D
    density: np.ndarray  # p_g(x), [P]
    latents: np.ndarray | None  # [L, 1], rising, for the arrows z -> x; None unless Z is 1
    mapped: np.ndarray | None  # [L], G of these latents


@dataclass(frozen=True)
class Trade:
    """Two numbers of several things with names: a curve through points."""

    x_label: str
    y_label: str
    x: Sequence[float]
    y: Sequence[float]
    names: Sequence[str]  # of the points; where ``x`` counts them, of the places along the axis


def raster(figure: "Figure", dpi: int = 110) -> np.ndarray:
    """Draw a figure as an image ``[H, W, 3]``."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def render(figure: "Figure", dpi: int = 110) -> bytes:
    """Draw a figure as PNG bytes, without a date, so that equal figures are equal bytes."""
    return png_bytes(raster(figure, dpi))


def new_figure(width: float, height: float, layout: Literal["constrained"] | None = "constrained") -> "Figure":
    """Begin a figure of a size in inches, which no setting of the user changes."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcdefaults()  # a matplotlibrc of the user or of the current folder changes no picture
    mpl.use("Agg")
    return Figure(figsize=(width, height), layout=layout)


def density_panels(x: np.ndarray, data_density: np.ndarray, panels: list[Panel]) -> np.ndarray:
    """Draw Figure 1 of Goodfellow et al. 2014: p_data dotted, p_g solid, D dashed, the arrows z -> x underneath.

    Beside D, thin, the optimal D* = p_data / (p_data + p_g) for the generator of that stage.

    Args:
        x: where the curves are sampled, ``[P]``.
        data_density: p_data there, ``[P]``.
        panels: the stages, left to right.
    """
    figure = new_figure(3.2 * len(panels), 4.0)
    axes = figure.subplots(2, len(panels), squeeze=False, height_ratios=(4, 1), sharex="col")
    for (top, bottom), panel in zip(axes.T, panels, strict=True):
        top.plot(x, data_density, color=DATA, linestyle="dotted", label=r"$p_{data}$")
        top.plot(x, panel.density, color=MODEL, label=r"$p_g$")
        if panel.discriminator is not None:
            top.plot(x, panel.discriminator, color=SCORE, linestyle="dashed", label="$D$")
        optimal = data_density / np.maximum(data_density + panel.density, np.finfo(np.float64).tiny)
        top.plot(x, optimal, color=SCORE, linewidth=0.7, label="$D$* (optimal)")
        top.set(title=panel.title, ylim=(0, max(1.05, 1.3 * data_density.max())), xlim=(x[0], x[-1]))
        _draw_arrows(bottom, panel, (x[0], x[-1]))
    handles, _ = axes[0, 0].get_legend_handles_labels()
    columns = len(handles) if len(panels) > 1 else 2
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, frameon=False)
    return raster(figure)


def _draw_arrows(axes: "Axes", panel: Panel, x_range: tuple[float, float]) -> None:
    axes.set(ylim=(0, 1), yticks=[0, 1], yticklabels=["$z$", "$x$"])
    axes.spines[["left", "right"]].set_visible(False)
    if panel.latents is None or panel.mapped is None:
        axes.text(0.5, 0.5, "latents have more than one dimension", ha="center", va="center", transform=axes.transAxes)
        return
    z = panel.latents[:, 0]
    middle, half = (x_range[0] + x_range[1]) / 2, (x_range[1] - x_range[0]) / 2
    starts = middle + half * 0.8 * z / np.abs(z).max()  # z has its own axis, drawn as wide as x's
    for start, end in zip(starts, panel.mapped, strict=True):
        axes.annotate("", (end, 1), (start, 0), arrowprops={"arrowstyle": "->", "lw": 0.6}, annotation_clip=False)


def plane(
    data: np.ndarray,
    samples: np.ndarray,
    heat: np.ndarray | None,
    extent: tuple[float, float, float, float],
    *,
    title: str = "",
    heat_label: str = "$D(x)$",
    paths: np.ndarray | None = None,
) -> np.ndarray:
    """Draw 2-D data and samples over D as a heat map; with ``paths``, walks through latent space.

    Args:
        data, samples: ``[N, 2]``.
        heat: D on a regular grid over ``extent``, ``[rows, columns]``, the first row lowest, in [0, 1]; None: no D.
        extent: left, right, bottom, top.
        title: of the picture.
        heat_label: what the heat is.
        paths: images of latent paths, ``[R, T, 2]``.
    """
    from matplotlib.lines import Line2D

    figure = new_figure(5.8 if heat is not None else 5.2, 5.4)
    axes = figure.subplots()
    if heat is not None:
        image = axes.imshow(
            heat, origin="lower", extent=extent, cmap="coolwarm", vmin=0, vmax=1, alpha=0.6, aspect="auto"
        )
        figure.colorbar(image, ax=axes, label=heat_label)
    # In one scattering, in mixed order: of two, the upper one would hide the lower one where they agree.
    order = np.random.default_rng(0).permutation(len(data) + len(samples))
    colors = np.array([DATA] * len(data) + [MODEL] * len(samples))
    axes.scatter(*np.concatenate([data, samples])[order].T, s=7, c=colors[order], alpha=0.6, linewidths=0)
    handles = [
        Line2D([], [], color=color, linestyle="none", marker="o", markersize=6, label=name)
        for color, name in ((DATA, "data"), (MODEL, "samples"))
    ]
    if paths is not None:
        handles += _draw_paths(axes, paths)
    axes.set(title=title, xlabel="$x_1$", ylabel="$x_2$", xlim=extent[:2], ylim=extent[2:])
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False)
    return raster(figure)


def _draw_paths(axes: "Axes", paths: np.ndarray) -> "list[Line2D]":
    """Draw paths, each in a color of its own, and return what stands for them in a legend."""
    from matplotlib.lines import Line2D

    ends = {"start": "o", "end": "s"}
    for place, path in enumerate(paths):
        color = f"C{place}"
        axes.plot(*path.T, color=color, linewidth=1.5, marker=".", markersize=4)
        for point, shape in zip((path[0], path[-1]), ends.values(), strict=True):
            axes.plot(*point, color=color, markeredgecolor="black", markersize=7, marker=shape)
    walk = Line2D([], [], color="C0", linewidth=1.5, marker=".", markersize=4, label="walk")
    return [walk] + [
        Line2D([], [], color="C0", linestyle="none", markeredgecolor="black", markersize=7, marker=shape, label=name)
        for name, shape in ends.items()
    ]


def curves(
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]], *, x_label: str, y_label: str, logarithmic_x: bool
) -> bytes:
    """Draw named curves, each from its x and y values."""
    figure = new_figure(5.6, 4.0)
    axes = figure.subplots()
    for name, (x, y) in lines.items():
        axes.plot(x, y, marker=".", label=name)
    axes.set(xlabel=x_label, ylabel=y_label, xscale="log" if logarithmic_x else "linear")
    axes.legend(frameon=False, fontsize="small")
    return render(figure)


def trades(panels: Sequence[Trade]) -> bytes:
    """Draw curves side by side, each point with its name, as PNG bytes."""
    columns = min(len(panels), 3)
    rows = -(-len(panels) // columns)
    figure = new_figure(4.2 * columns, 3.6 * rows)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes, one in zip(grid.flat, panels, strict=False):
        axes.plot(one.x, one.y, color=SCORE, marker="o", markersize=4, linewidth=1.2)
        axes.set(xlabel=one.x_label, ylabel=one.y_label)
        axes.grid(alpha=0.2)
        if list(one.x) == list(range(len(one.names))):
            axes.set_xticks(one.x, one.names)
            continue
        for x, y, name in zip(one.x, one.y, one.names, strict=True):
            axes.annotate(name, (x, y), (5, 5), textcoords="offset points", fontsize="small")
        axes.margins(0.15)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    return render(figure)
