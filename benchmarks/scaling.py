"""Several devices and several processes: equal numbers, bytes between devices, and data far larger than memory.

    python benchmarks/scaling.py equality    the same run on 1 to 4 devices of 1 to 4 processes
    python benchmarks/scaling.py schedule    the collectives of a compiled step
    python benchmarks/scaling.py bytes       weak scaling on paper, and what two processes send
    python benchmarks/scaling.py large       memory and start-up with up to 50 million images

Processes are on this machine, and devices are those of its CPU.
"""

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
import numpy as np
from collectives import as_on_accelerators, collectives, compiled, game_of, products_until_used
from PIL import Image

from gancli.data.images.decode import Framing
from gancli.data.images.prepare import prepare
from gancli.data.summaries import Summary, keep_summary, write_summary
from gancli.recipes.resolve import resolve
from gancli.reporting import Silence
from gancli.runs.folder import Run
from gancli.training.game import layout as layout_of
from gancli.training.state import join_state, split_state

DEVICES = (2, 8, 64, 1024)  # of weak scaling
COMPILED_FOR = 8  # of these; the numbers of others follow from it
STREAMED = "--stream always"
QUIET = ("--evaluate-every", "0", "--quiet", "--json")
LAYOUTS = ((1, 1), (1, 2), (2, 1), (4, 1))  # processes, and devices of each
SMALL = {
    "mlp": "--model mlp --generator-widths 64 --discriminator-widths 48 --batch-size 16",
    "dcgan": "--model dcgan --base-channels 4 --batch-size 16",
    "cycle": "--game cycle --to {b} --base-channels 4 --blocks 1 --batch-size 4",
}
SENT = {"mlp": "--model mlp", "dcgan": "--model dcgan --base-channels 32 --batch-size 16"}
PHOTOS: dict[str, Any] = {"resolution": 64, "augment": ()}  # they are many
PAPER: dict[str, tuple[str, tuple[int, ...], dict[str, Any]]] = {  # data set, shape, options
    "mlp": ("mnist", (28, 28, 1), {"model": "mlp"}),
    "dcgan": ("./photos", (64, 64, 3), {"model": "dcgan"} | PHOTOS),
    "resnet": ("./photos", (64, 64, 3), {"model": "resnet"} | PHOTOS),
    "cycle": ("./photos", (64, 64, 3), {"game": "cycle", "to_domain": "./paintings"} | PHOTOS),
}
LINKS = (25e9, 100e9, 900e9)  # bytes a second that a device can send
HOPS = (0.0, 1e-6)  # seconds from device to device, whatever is sent
SIZES = (50_000, 5_000_000, 50_000_000)  # images of a large set


def begin(folder: Path, data: Path, options: str, processes: int = 1, devices: int = 1) -> list[subprocess.Popen[str]]:
    """Start a run in so many processes, each with so many devices."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gancli", "train", str(data), "--outdir", str(folder), *options.split(), *QUIET]
    command += ["--devices", str(processes * devices)]
    several = ["--coordinator", f"localhost:{port}", "--processes", str(processes), "--process"]
    return [
        subprocess.Popen(
            command + ([*several, str(number)] if processes > 1 else []),
            env=os.environ | {"JAX_PLATFORMS": "cpu", "JAX_NUM_CPU_DEVICES": str(devices)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(processes)
    ]


def train(*arguments: Any) -> None:
    """Train a run, see :func:`begin`, and wait for its end."""
    for one in begin(*arguments):
        _, said = one.communicate()
        if one.returncode:
            sys.exit(said)


@contextmanager
def random_images(size: int, channels: int, count: int = 256) -> Iterator[tuple[Path, dict[str, Path]]]:
    """Yield an empty folder, and two files of random images by name, ``a`` and ``b``."""
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / f"{name}.npz" for name in ("a", "b")}
        for seed, file in enumerate(files.values()):
            images = np.random.default_rng(seed).integers(0, 256, (count, size, size, channels), np.uint8)
            np.savez(file, images=images)
        yield Path(folder), files


def equality(options: argparse.Namespace) -> None:
    """Train each small game on each number of processes and devices; print how far their losses differ."""
    print(f"{options.steps} steps; the losses of the last one against those of 1 x 1")
    print(f"{'':8}{'processes x devices':>20}{'losses':>10}   weights with the bits of")
    steps = f" --steps {options.steps} --log-every 1 --checkpoint-every {options.steps}"
    for game in options.games or SMALL:
        with random_images(32, 1) as (folder, files):
            found = {}
            for layout in LAYOUTS:
                name = " x ".join(map(str, layout))
                train(folder / name, files["a"], SMALL[game].format(**files) + steps, *layout)
                ends = _end_of(folder / name, options.steps)
                same = [other for other, its in found.items() if all(map(np.array_equal, ends[1], its[1]))]
                found[name] = ends
                apart = max(abs(one / other - 1) for one, other in zip(ends[0], found["1 x 1"][0], strict=True))
                print(f"{game:8}{name:>20}{apart:10.1e}   {', '.join(same) or '-'}", flush=True)


def _end_of(folder: Path, step: int) -> tuple[list[float], list[np.ndarray]]:
    """Return the losses of a run's last step, and its weights."""
    run = Run.open(folder)
    *_, last = run.metrics()
    assert last["step"] == step
    game = run.record.game()
    with run.checkpoints() as checkpoints:
        state = join_state(checkpoints.restore(game, tuple(jax.eval_shape(split_state, layout_of(game))), step))
    losses = [value for name, value in sorted(last.items()) if "loss" in name]
    return losses, [np.asarray(leaf) for leaf in jax.tree.leaves((state.params, state.averages))]


def schedule(options: argparse.Namespace) -> None:
    """Print the collectives of a step of each default game, compiled for two devices of this CPU."""
    del options
    print(f"{'':12}{'':12}{'in the':>12}{'':13}{'':11}{'bytes of':>14}{'its':>8}{'products':>14}")
    print(
        f"{'two devices':12}{'collectives':>12}{'background':>12}{'bytes':>13}{'/ weights':>11}{'the largest':>14}"
        f"{'arrays':>8}{'until its use':>14}"
    )
    for name, (dataset, shape, fields) in PAPER.items():
        game = game_of(resolve(dataset, None, fields), shape, 2)
        text = compiled(game).as_text()
        found = collectives(text)
        largest = max(found, key=lambda one: sum(one.arrays))
        total = sum(sum(one.arrays) for one in found)
        weights = sum(leaf.size * 4 for leaf in jax.tree.leaves(layout_of(game).params))
        print(
            f"{name:12}{len(found):12}{sum(one.starts for one in found):12}{total:13,}{total / weights:11.2f}"
            f"{sum(largest.arrays):14,}{len(largest.arrays):8}{products_until_used(text, largest.name):14}",
            flush=True,
        )


def bytes_(options: argparse.Namespace) -> None:
    """Print weak scaling on paper: the share of a step that collectives take where nothing overlaps."""
    print(f"assumed: a device computes {options.rate:.3g} operations a second; nothing overlaps\n")
    head = "".join(f"{f'{link / 1e9:.0f} GB/s':>10}" for link in LINKS)
    print(f"{'':30}{'share of the time in collectives':>38}")
    print(f"{'':8}{'devices':>8}{'MB sent':>10}{'GFLOP':>8}  {'us a hop':>8}{head}")
    for name in options.games or PAPER:
        one = _program(name, COMPILED_FOR)
        operations, found = one.cost_analysis()["flops"], collectives(one.as_text())
        for devices in DEVICES:
            size = sum(each.sent(devices, COMPILED_FOR) for each in found)
            for hop in HOPS:
                wait = hop * sum(each.hops(devices) for each in found)
                taken = [size / link + wait for link in LINKS]
                shares = "".join(f"{time / (time + operations / options.rate):10.1%}" for time in taken)
                print(f"{name:8}{devices:8}{size / 1e6:10.1f}{operations / 1e9:8.1f}  {hop * 1e6:8.0f}{shares}")
        if options.check:
            expected = sum(each.sent(options.check, COMPILED_FOR) for each in found)
            really = collectives(_program(name, options.check).as_text())
            ratio = expected / sum(each.sent(options.check, options.check) for each in really)
            print(f"{'':8}expected for {options.check} devices / in the program for so many: {ratio:.2f}", flush=True)
    _check_bytes(options.steps)


def _program(name: str, devices: int) -> Any:
    """Return the step of a default game for so many accelerators, compiled for the CPU."""
    dataset, shape, fields = PAPER[name]
    with as_on_accelerators():
        return compiled(game_of(resolve(dataset, None, fields), shape, devices))


def _check_bytes(steps: int) -> None:
    """Print how much two processes really send a step, beside what the compiled program says."""
    print(f"{'two processes':18}{'MB a step':>12}{'on paper':>12}{'ratio':>8}{'idle, MB/s':>12}")
    for name, arguments in SENT.items():
        with random_images(28, 1) as (folder, files):
            totals = []
            for count in (steps, 3 * steps):
                began = _sent()
                train(folder / str(count), files["a"], f"{arguments} --log-every {steps} --steps {count}", 2, 1)
                totals.append(_sent() - began)
            found = collectives(compiled(Run.open(folder / str(steps)).record.game()).as_text())
        began = _sent()
        time.sleep(5)
        idle = (_sent() - began) / 5
        measured, paper = (totals[1] - totals[0]) / (2 * steps), 2 * sum(one.sent(2, 2) for one in found)
        print(
            f"{name:18}{measured / 1e6:12.2f}{paper / 1e6:12.2f}{measured / paper:8.3f}{idle / 1e6:12.3f}", flush=True
        )


def _sent() -> int:
    """Return how many bytes were sent from this machine to itself so far, by all programs."""
    (line,) = re.findall(r"^\s*lo:(.*)$", Path("/proc/net/dev").read_text(), re.M)
    return int(line.split()[8])


def large(options: argparse.Namespace) -> None:
    """Print the memory and the start of streamed training on sets of so many images, files of zeros without blocks."""
    arguments = f"--model dcgan --base-channels 4 --batch-size 64 --log-every 20 --steps 100 {STREAMED}"
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = f"{folder}/cache"
        photos = Path(folder) / "photos"
        photos.mkdir()
        for number in range(10):
            pixels = np.random.default_rng(number).integers(0, 256, (64, 64, 3), np.uint8)
            Image.fromarray(pixels).save(photos / f"{number}.png")
        _ = prepare(photos, Framing(), Silence())
        head = f"{'images of 64x64x3':>18}{'GB':>7}{'peak, MiB':>11}{'without files':>15}"
        print(f"{head}{'20 steps after':>16}{'of CPU':>9}")
        for count in options.images:
            whole = _pretend(Path(folder) / "cache", count)
            write_summary(whole, Summary("0" * 64, np.zeros(whole.shape[1:], np.int64)))
            peak, own, first, computed = _watch(Path(folder) / str(count), photos, arguments)
            size = f"{count:18,}{whole.nbytes / 1e9:7.1f}"
            print(f"{size}{peak:11,}{own:15,}{first:14.1f} s{computed:7.1f} s", flush=True)
        whole = _pretend(Path(folder) / "cache", 200_000)
        began = time.process_time()
        keep_summary(whole, Silence())
        rate = whole.nbytes / (time.process_time() - began)
        print(f"reading all once, when they have been prepared: {rate / 1e9:.2f} GB a second of CPU, from memory")


def _pretend(cache: Path, count: int) -> np.memmap:
    """Let the set in the cache have so many images to train on, of zeros; return them."""
    (about,) = (cache / "gancli" / "images").glob("*/about.json")
    (receipt,) = (cache / "gancli" / "images").glob("*.json")
    sizes = {"validation": 1000, "test": 1000, "train": count}
    for path in (about, receipt):
        path.write_text(json.dumps(json.loads(path.read_text()) | {"sizes": sizes}))
    total = sum(sizes.values())
    np.lib.format.open_memmap(about.with_name("labels.npy"), "w+", np.int32, (total,))
    images = np.lib.format.open_memmap(about.with_name("images.npy"), "w+", np.uint8, (total, 64, 64, 3))[-count:]
    assert isinstance(images, np.memmap)
    return images


def _watch(folder: Path, data: Path, arguments: str) -> tuple[int, int, float, float]:
    """Train; return the peak of memory, MiB, the same without pages of files, and seconds to a report, also of CPU."""
    began = time.perf_counter()
    (run,) = begin(folder, data, arguments)
    log = folder / "metrics.jsonl"
    peak = own = 0
    first = computed = 0.0
    while run.poll() is None:
        now = Path(f"/proc/{run.pid}/stat").read_text().rpartition(")")[2].split()
        found = dict(re.findall(r"^(VmHWM|RssAnon):\s*(\d+) kB", Path(f"/proc/{run.pid}/status").read_text(), re.M))
        if found:  # not of one that has ended a moment ago
            peak, own = int(found["VmHWM"]) // 1024, max(own, int(found["RssAnon"]) // 1024)
        if not first and log.exists() and log.read_text():
            first = time.perf_counter() - began
            computed = (int(now[11]) + int(now[12])) / os.sysconf("SC_CLK_TCK")
        time.sleep(0.05)
    if run.returncode:
        sys.exit(run.communicate()[1])
    return peak, own, first, computed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(required=True)
    for name, part in (("equality", equality), ("schedule", schedule), ("bytes", bytes_), ("large", large)):
        one = parts.add_parser(name, help=part.__doc__)
        one.set_defaults(part=part)
        if name in ("equality", "bytes"):
            one.add_argument("games", nargs="*", metavar="GAME", help="default: all")
            one.add_argument("--steps", type=int, default=30)
            one.add_argument("--rate", type=float, default=50e12, help="operations a second of a device; an assumption")
            one.add_argument("--check", type=int, default=0, help="also compile for so many devices, and compare")
        if name == "large":
            one.add_argument("--images", type=int, nargs="+", default=SIZES)
    options = parser.parse_args()
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_num_cpu_devices", max(COMPILED_FOR, getattr(options, "check", 0)))
    options.part(options)


if __name__ == "__main__":
    main()
