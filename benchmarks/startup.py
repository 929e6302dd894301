"""From the command to the first answer: help against an empty Typer app, and train to its first step.

``python benchmarks/startup.py``
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import timing

EMPTY = """
import typer
app = typer.Typer()
@app.command()
def one():
    "A command."
@app.command()
def two():
    "Another command."
app()
"""


def command(*arguments: str, **environment: str):
    def run() -> None:
        subprocess.run(arguments, check=True, capture_output=True, env=os.environ | environment)

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=11)
    options = parser.parse_args()
    timing.print_machine()
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "empty.py"
        script.write_text(EMPTY)
        help_ = {
            "gancli --help": command(sys.executable, "-m", "gancli", "--help"),
            "empty Typer app --help": command(sys.executable, str(script), "--help"),
            "gancli train --help": command(sys.executable, "-m", "gancli", "train", "--help"),
        }
        for run in help_.values():
            run()
        timing.print_table(timing.interleave(help_, options.repetitions), "empty Typer app --help", "call")

        train = (sys.executable, "-m", "gancli", "train", "digits", "--steps", "1", "--quiet", "--overwrite")
        one_step = (*train, "--outdir", f"{folder}/run")
        for name in ("cold", "warm", "warm", "warm"):
            began = time.perf_counter()
            command(*one_step, XDG_CACHE_HOME=f"{folder}/cache")()
            print(f"train digits --steps 1, compilation cache {name}: {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
