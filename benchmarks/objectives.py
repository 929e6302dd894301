"""Every objective with its default settings: what it reaches on ring, grid, digits and MNIST, and what a step costs.

python benchmarks/objectives.py ring --seeds 0-9 [--losses hinge,mmd] [--steps N] [--results FILE]
python benchmarks/objectives.py cost [--losses ...]

A run that the results file already holds is not trained again, so the same command goes on where it stopped; the
table is of all that the file holds for a data set. Pictures of seed 0 go beside the file, and all of them on a sheet.
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from chunks import gancli_chunk
from PIL import Image, ImageDraw
from timing import interleave, print_machine, print_table

from gancli.cli.console import TerminalReporter
from gancli.cli.options import parse_seeds
from gancli.compute import devices
from gancli.losses.catalog import LOSSES
from gancli.recipes.resolve import resolve
from gancli.runs.folder import Run
from gancli.workflows.parzen import parzen
from gancli.workflows.train import new_run

POINTS = ("ring", "grid")
NEEDS_CLASSIFIER = ("perceptual",)
MNIST_STEPS = 5000  # ten epochs
COLUMNS, WIDTH, TITLE = 4, 260, 16  # of a sheet; pixels


def losses_for(dataset: str, wanted: str | None) -> list[str]:
    names = wanted.split(",") if wanted else list(LOSSES)
    return [name for name in names if dataset not in POINTS or name not in NEEDS_CLASSIFIER]


def train_one(dataset: str, loss: str, seed: int, steps: int | None, data_dir: Path | None, pictures: Path) -> dict:
    """Train as ``gancli train DATASET --loss LOSS --seed SEED`` does, and return what the run's last line says."""
    options = {"loss": loss, "seed": seed}
    options |= {"num_steps": steps, "evaluate_every": steps} if steps else {}  # its last line has all numbers
    config = resolve(dataset, None, options)
    if dataset == "mnist" and not steps:
        config = resolve(dataset, None, options | {"num_steps": MNIST_STEPS * 100 // config.batch_size})
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        result = new_run(config, run, TerminalReporter(quiet=True), data_dir=data_dir)
        last = Run.open(run).metrics()[-1]
        found = {"dataset": dataset, "loss": loss, "seed": seed, "steps": config.num_steps}
        found |= {"images_per_second": result.images_per_second}
        found |= {"verdict": result.verdict.name if result.verdict else ""}
        found |= {"modes": last["modes"]["hit"], "kl": last["modes"]["kl"]}
        if dataset in POINTS:
            found["high_quality"] = last["modes"]["high_quality"]
        else:
            found["frechet"] = last["fid"]["value"]
        if dataset == "mnist":
            found["log_likelihood"] = parzen(run, data_dir=data_dir).score.log_likelihood
        if seed == 0:
            picture = run / "samples" / f"fakes{result.steps:06d}.png"
            (pictures / f"{dataset}-{loss}.png").write_bytes(picture.read_bytes())
    return found


def tell(values: Sequence[float], digits: int) -> str:
    mean = statistics.fmean(values)
    error = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else None
    return f"{mean:.{digits}f}" + (f" ± {error:.{digits}f}" if error is not None else "")


def print_results(dataset: str, results: Sequence[dict]) -> None:
    columns = {"modes": 2, "high_quality": 3, "frechet": 3, "log_likelihood": 1, "kl": 3, "images_per_second": 0}
    own = [result for result in results if result["dataset"] == dataset]
    shown = [name for name in columns if own and name in own[0]]
    print(f"\n{dataset}: mean ± standard error over seeds\n")
    print("| `--loss` | seeds | healthy | " + " | ".join(name.replace("_", " ") for name in shown) + " |")
    print("|---|---|---|" + "---|" * len(shown))
    for loss in LOSSES:
        rows = [result for result in own if result["loss"] == loss]
        if rows:
            healthy = sum(row["verdict"] == "healthy" for row in rows)
            cells = [tell([row[name] for row in rows], columns[name]) for name in shown]
            print(f"| `{loss}` | {len(rows)} | {healthy} | " + " | ".join(cells) + " |")


def draw_sheet(dataset: str, folder: Path) -> None:
    """Put the pictures of a data set on one sheet, ``DATASET.png``, each under the name of its objective."""
    found = [(loss, folder / f"{dataset}-{loss}.png") for loss in LOSSES]
    found = [(loss, path) for loss, path in found if path.exists()]
    pictures = [Image.open(path).convert("RGB") for _, path in found]
    for picture in pictures:
        picture.thumbnail((WIDTH - 4, WIDTH - 4))
    height = max(picture.height for picture in pictures) + TITLE
    sheet = Image.new("RGB", (COLUMNS * WIDTH, -(-len(found) // COLUMNS) * height), "white")
    for place, ((loss, _), picture) in enumerate(zip(found, pictures, strict=True)):
        left, top = place % COLUMNS * WIDTH, place // COLUMNS * height
        ImageDraw.Draw(sheet).text((left + 4, top + 2), loss, "black")
        sheet.paste(picture, (left, top + TITLE))
    sheet.quantize(64).save(folder / f"{dataset}.png", optimize=True)


def print_cost(losses: Sequence[str], steps: int, repetitions: int) -> None:
    """Compare what a step costs on the default networks for MNIST, on random pixels."""
    images = np.random.default_rng(0).integers(0, 256, (10_000, 28, 28, 1), np.uint8)
    batch = resolve("mnist", None, {}).batch_size
    configs = {
        loss: resolve("mnist", None, {"loss": loss, "log_every": steps, "batch_size": batch})
        for loss in ("non-saturating", *losses)
    }
    contenders = {loss: gancli_chunk(config, images, steps) for loss, config in configs.items()}
    for run in contenders.values():
        run()
    print_machine()
    print_table(interleave(contenders, repetitions), "non-saturating", "step", per=steps)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="+", choices=(*POINTS, "digits", "mnist", "cost"))
    parser.add_argument("--seeds", default="0-2")
    parser.add_argument("--losses", help="names separated by commas; default: all")
    parser.add_argument("--steps", type=int, help="generator updates; default: the data set's, on MNIST ten epochs")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--results", type=Path, default=Path("objectives.jsonl"))
    arguments = parser.parse_args()
    devices.keep_compiled_programs()
    for what in arguments.what:
        if what == "cost":
            print_cost(losses_for("mnist", arguments.losses), arguments.steps or 20, arguments.repetitions)
            continue
        results = [json.loads(line) for line in arguments.results.open()] if arguments.results.exists() else []
        done = {(result["dataset"], result["loss"], result["seed"]) for result in results}
        train = partial(train_one, what, steps=arguments.steps, data_dir=arguments.data_dir)
        for seed in parse_seeds(arguments.seeds):
            for loss in losses_for(what, arguments.losses):
                if (what, loss, seed) not in done:
                    result = train(loss, seed, pictures=arguments.results.parent)
                    print(json.dumps(result), flush=True)
                    results.append(result)
                    with arguments.results.open("a") as file:
                        file.write(json.dumps(result) + "\n")
        print_results(what, results)
        draw_sheet(what, arguments.results.parent)


if __name__ == "__main__":
    main()
