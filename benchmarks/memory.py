"""Peak memory: what a dry run expects against what the run then needs, each in a process of its own.

The programs are compiled by the dry run and found compiled by the run, as it is after a dry run; with ``--cold`` the
run compiles, too.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

RUNS = [
    "digits",
    "ring",
    "mnist --steps 2000",
    "mnist --preset mnist-dcgan --steps 60 --evaluate-every 30",
]


def peak(cache: str, folder: str, *options: str) -> int:
    """Return the peak in bytes that ``gancli train`` says."""
    command = [sys.executable, "-m", "gancli", "train", *options, "--outdir", folder, "--quiet", "--json"]
    done = subprocess.run(command, env=os.environ | {"XDG_CACHE_HOME": cache}, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)["peak_bytes"]


def main() -> None:
    """Print a line for each run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="*", default=RUNS, help="data set and options of gancli train, quoted")
    parser.add_argument("--cold", action="store_true", help="let the run compile, too")
    arguments = parser.parse_args()
    print(f"{'gancli train ...':66} expected  measured  expected / measured")
    for run in arguments.runs:
        with tempfile.TemporaryDirectory() as cache, tempfile.TemporaryDirectory() as folder:
            expected = peak(cache, f"{folder}/none", *run.split(), "--dry-run")
            with tempfile.TemporaryDirectory() as other:
                measured = peak(other if arguments.cold else cache, f"{folder}/run", *run.split())
        print(
            f"{run:66} {expected / 2**20:4,.0f} MiB  {measured / 2**20:4,.0f} MiB  {expected / measured:19.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
