"""What every comparison of a training step with PyTorch has in common, on a CPU or on one NVIDIA card."""

import argparse
import contextlib
from collections.abc import Callable, Iterable
from importlib.metadata import version

import timing
import torch
from torch import nn

Run = Callable[[], None]

CARD = torch.cuda.is_available()
DEVICE = torch.device("cuda" if CARD else "cpu")
PRECISIONS = {"float32": torch.float32, "bf16": torch.bfloat16}
# How PyTorch runs a step: the arguments of torch.compile, or none, and whether a CUDA graph holds the whole step.
WAYS: dict[str, tuple[dict[str, str] | None, bool]] = {
    "eager": (None, False),
    "compiled": ({}, False),
    "reduce-overhead": ({"mode": "reduce-overhead"}, False),
    "graph": (None, True),
    "compiled graph": ({}, True),
}
TITLES = {
    "eager": "PyTorch eager",
    "compiled": "PyTorch torch.compile",
    "reduce-overhead": "PyTorch compile, reduce-overhead",
    "graph": "PyTorch CUDA graph of the step",
    "compiled graph": "PyTorch compile in a CUDA graph",
}
HERE = tuple(WAYS) if CARD else ("eager", "compiled")  # what the device runs
# Of products in float32, the default of JAX is TF32 on the cards that have it; PyTorch's is that for convolutions only.
PEAKS = {"H100": {"float32": 494e12, "bf16": 989e12}, "H200": {"float32": 494e12, "bf16": 989e12}}  # dense, a second

if CARD:
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.benchmark = True  # XLA, too, tries its kernels before it takes one


class Maxout(nn.Module):
    def __init__(self, inputs: int, units: int, pieces: int):
        super().__init__()
        self.linear, self.units, self.pieces = nn.Linear(inputs, units * pieces), units, pieces

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x).view(-1, self.pieces, self.units).amax(dim=1)


def compile_as(way: str, function: Callable[[], torch.Tensor]) -> Callable[[], torch.Tensor]:
    """Return a function as ``torch.compile`` makes it, or as it is."""
    arguments, _ = WAYS[way]
    return function if arguments is None else torch.compile(function, **arguments)


def repeat(way: str, step: Run, steps: int) -> Run:
    """Return what takes so many steps and waits for the last one."""
    arguments, captured = WAYS[way]
    advance = capture(step) if captured else step

    def run() -> None:
        for _ in range(steps):
            if arguments:
                torch.compiler.cudagraph_mark_step_begin()
            advance()
        if CARD:
            torch.cuda.synchronize()

    return run


def capture(step: Run) -> Run:
    """Return the replay of a CUDA graph of a step, taken after a few steps on a stream of their own."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def adam(network: nn.Module, learning_rate: float, betas: tuple[float, float], *, plain: bool = False):
    """Return the fastest Adam of the device, or PyTorch's default one."""
    kind = {"fused": True, "capturable": True} if CARD and not plain else {"foreach": True}
    return torch.optim.Adam(network.parameters(), learning_rate, betas, **kind)


def computing_in(precision: str) -> contextlib.AbstractContextManager[object]:
    """Return the context in which a loss is computed."""
    return torch.autocast(DEVICE.type, PRECISIONS[precision], enabled=precision != "float32")


def numbers(text: str) -> tuple[int, ...]:
    """Read ``64,128``."""
    return tuple(int(part) for part in text.split(","))


def names(text: str) -> tuple[str, ...]:
    """Read ``gancli,eager``."""
    return tuple(text.split(","))


def command_line(description: str | None, *, steps: int, repetitions: int) -> argparse.ArgumentParser:
    """Return a parser of what all comparisons let choose."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=steps, help="steps per repetition")
    parser.add_argument("--repetitions", type=int, default=repetitions)
    parser.add_argument("--precision", choices=PRECISIONS, default="float32", help="float32 is TF32 on a card")
    ways = ", ".join(WAYS)
    parser.add_argument("--contenders", type=names, help=f"some of gancli, {ways} and others; default: what runs here")
    return parser


def warm_up(
    builders: dict[str, Callable[[], Run]], chosen: Iterable[str] | None, titles: dict[str, str]
) -> dict[str, Run]:
    """Build and run what was chosen, by title; say which of PyTorch's ways failed, and leave those out."""
    runs = {}
    for name, build in builders.items():
        if chosen is not None and name not in chosen:
            continue
        try:
            run = build()
            for _ in range(2):  # compile; and once more as it will go on
                run()
            runs[titles[name]] = run
        except Exception as error:
            if name not in WAYS or not CARD:
                raise
            print(f"{titles[name]}: left out, {type(error).__name__}: {str(error).splitlines()[0][:120]}")
    return runs


def compare_steps(description: str | None, contenders: dict[str, Callable[[int], Run]], batch: int):
    """Time steps of every contender in turn, as the command line says, and print the table; the first is the measure.

    Args:
        description: of the command line's help.
        contenders: by name, what builds a function that takes so many steps at a call.
        batch: examples in a step, to print.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--steps", type=int, default=25, help="steps per repetition")
    parser.add_argument("--repetitions", type=int, default=11)
    options = parser.parse_args()
    runs = {name: build(options.steps) for name, build in contenders.items()}
    for run in runs.values():
        run()  # compile and warm up
    timing.print_machine()
    print_versions()
    print(f"batch {batch}")
    timing.print_table(timing.interleave(runs, options.repetitions), next(iter(runs)), "step", options.steps)


def print_versions() -> None:
    """Print which libraries the numbers were taken with, and on a card what float32 means to them."""
    print(f"jax {version('jax')}, torch {version('torch')}, {torch.get_num_threads()} torch threads")
    if CARD:
        print(f"float32: TF32 in products and convolutions of both; cuDNN {torch.backends.cudnn.version()}")


def print_rates(seconds: dict[str, list[float]], images: int, operations: Callable[[], float], precision: str) -> None:
    """Print on a card each contender's images a second and its share of the card's peak.

    Args:
        seconds: by contender, of repetitions.
        images: in a repetition.
        operations: counts the floating-point operations of a repetition.
        precision: whose peak counts.
    """
    if not CARD:
        return
    peak = next((peaks[precision] for card, peaks in PEAKS.items() if card in torch.cuda.get_device_name()), None)
    count = operations()
    print(f"{'':34} {'images/s':>12} {'TFLOP/s':>9} {'of peak':>9}")
    for name, times in seconds.items():
        middle = sorted(times)[len(times) // 2]
        share = f"{count / middle / peak:9.2%}" if peak else f"{'?':>9}"
        print(f"{name:34} {images / middle:12,.0f} {count / middle / 1e12:9.2f} {share}")
