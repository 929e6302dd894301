"""What better latents bring: truncation, rejection, top-k training and a learned mixture, beside the default run.

python benchmarks/latents.py ring --seeds 0-2 [--steps N] [--variants plain,top-k] [--results FILE] [--runs FOLDER]

python benchmarks/latents.py cost

What a step costs on the default networks for MNIST, on random pixels, beside the plain game.

Truncation and rejection are measured on the default run itself. What the results file already holds is not measured
again, so the same command goes on where it stopped; the table is of all that the file holds for a data set.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from chunks import gancli_chunk
from objectives import tell
from timing import interleave, print_machine, print_table

from gancli.cli.console import TerminalReporter
from gancli.cli.options import parse_seeds
from gancli.compute.programs import keep_compiled_programs
from gancli.recipes.resolve import data_kind, resolve
from gancli.workflows.evaluate import evaluate
from gancli.workflows.train import new_run

TRAINED: dict[str, dict[str, Any]] = {
    "plain": {},
    "top-k 0.5": {"top_k": 0.5},
    "mixture of 50": {"prior": "mixture", "components": 50},
    "gaussian": {"prior": "gaussian"},
}
DRAWN: dict[str, dict[str, Any]] = {  # of the default run
    "truncation 1.5": {"truncation": 1.5},
    "truncation 1": {"truncation": 1.0},
    "reject": {"reject": True},
}
COLUMNS = {
    "points": {"high quality": ("modes", "high_quality", 3), "modes": ("modes", "hit", 2), "KL": ("modes", "kl", 3)},
    "images": {
        "fid": ("fid", "value", 3),
        "precision": ("precision-recall", "precision", 3),
        "recall": ("precision-recall", "recall", 3),
        "KL": ("modes", "kl", 3),
    },
}


def measure_one(dataset: str, name: str, seed: int, steps: int | None, runs: Path, data_dir: Path | None) -> dict:
    """Train, unless it was trained, and return what ``gancli evaluate`` measures on 10 000 samples."""
    changes = TRAINED.get(name, {})
    folder = runs / f"{dataset}-{'plain' if name in DRAWN else name.replace(' ', '-')}-{seed}"
    reporter = TerminalReporter(quiet=True)
    if not (folder / "config.json").exists():
        options = {"seed": seed, "evaluate_every": 0} | changes | ({"num_steps": steps} if steps else {})
        new_run(resolve(dataset, None, options), folder, reporter, data_dir=data_dir)
    columns = COLUMNS[data_kind(dataset)]
    metrics = list(dict.fromkeys(metric for metric, _, _ in columns.values()))
    result = evaluate(str(folder), metrics, reporter, data_dir=data_dir, **DRAWN.get(name, {}))
    values = {one.metric: one.values for one in result.measured}
    found = {column: values[metric][number] for column, (metric, number, _) in columns.items()}
    accepted = {"accepted": result.acceptance_rate} if result.acceptance_rate else {}
    return {"dataset": dataset, "variant": name, "seed": seed, "steps": result.step} | found | accepted


def print_results(dataset: str, results: Sequence[dict]) -> None:
    columns = COLUMNS[data_kind(dataset)]
    print(f"\n{dataset}: mean ± standard error over seeds\n")
    print(f"| | seeds | steps | {' | '.join(columns)} | accepted |")
    print("|---" * (len(columns) + 4) + "|")
    for name in (*TRAINED, *DRAWN):
        rows = [one for one in results if (one["dataset"], one["variant"]) == (dataset, name)]
        if rows:
            cells = [tell([row[column] for row in rows], digits) for column, (_, _, digits) in columns.items()]
            accepted = tell([row["accepted"] for row in rows], 3) if "accepted" in rows[0] else ""
            print(f"| {name} | {len(rows)} | {rows[0]['steps']:,} | {' | '.join(cells)} | {accepted} |")


def print_cost(steps: int, repetitions: int = 5) -> None:
    """Compare what a step costs with each change of training."""
    images = np.random.default_rng(0).integers(0, 256, (10_000, 28, 28, 1), np.uint8)
    changes = {name: TRAINED[name] for name in ("plain", "top-k 0.5", "mixture of 50")} | {
        "infogan": {"game": "infogan"}
    }
    contenders: dict[str, Any] = {
        name: gancli_chunk(resolve("mnist", None, {"log_every": steps} | change), images, steps)
        for name, change in changes.items()
    }
    for run in contenders.values():
        run()
    print_machine()
    print_table(interleave(contenders, repetitions), "plain", "step", per=steps)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", nargs="+", help="ring, grid, digits, ... or cost")
    parser.add_argument("--seeds", default="0-2")
    parser.add_argument("--steps", type=int, help="default: the data set's")
    parser.add_argument("--variants", help="names separated by commas; default: all")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--results", type=Path, default=Path("latents.jsonl"))
    parser.add_argument("--runs", type=Path, help="folder in which runs are kept; default: a temporary one")
    arguments = parser.parse_args()
    keep_compiled_programs()
    names = arguments.variants.split(",") if arguments.variants else [*TRAINED, *DRAWN]
    with tempfile.TemporaryDirectory() as temporary:
        runs = arguments.runs or Path(temporary)
        for dataset in arguments.dataset:
            if dataset == "cost":
                print_cost(arguments.steps or 20)
                continue
            lines = arguments.results.read_text().splitlines() if arguments.results.exists() else []
            results = [json.loads(line) for line in lines]
            done = {(one["dataset"], one["variant"], one["seed"]) for one in results}
            for seed in parse_seeds(arguments.seeds):
                for name in names:
                    if (dataset, name, seed) in done:
                        continue
                    result = measure_one(dataset, name, seed, arguments.steps, runs, arguments.data_dir)
                    print(json.dumps(result), flush=True)
                    results.append(result)
                    with arguments.results.open("a") as file:
                        file.write(json.dumps(result) + "\n")
            print_results(dataset, results)


if __name__ == "__main__":
    main()
