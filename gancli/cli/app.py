"""The Typer app and its error boundary."""

import os
import re
import sys
from typing import Annotated

import typer

from gancli import __version__
from gancli.cli import compare, data, evaluate, export, interpolate, parzen, reproduce, sample, train
from gancli.cli import listing as catalog
from gancli.errors import GancliError

app = typer.Typer(
    name="gancli",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"gancli {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    """Train, sample, interpolate, evaluate and Parzen-score generative adversarial networks with JAX."""


app.command()(train.train)
app.command()(sample.sample)
app.command()(interpolate.interpolate)
app.command()(evaluate.evaluate)
app.command()(parzen.parzen)
app.command()(compare.compare)
app.command()(export.export)
app.command()(reproduce.reproduce)
app.command("list")(catalog.catalog)
app.add_typer(data.app, name="data")


def entry_point(arguments: list[str] | None = None) -> None:
    """Run a command. A GancliError, or a lack of memory, becomes one line on stderr and an exit code.

    A bug keeps its traceback.
    """
    if "host_platform_device_count" not in os.environ.get("XLA_FLAGS", ""):  # JAX refuses both
        # Before anything imports jax: each core may be a device of its own; how many are used is up to --devices.
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        os.environ.setdefault("JAX_NUM_CPU_DEVICES", str(cores or 1))
    try:
        app(arguments)
    except GancliError as error:
        sys.stdout.flush()
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    except (RuntimeError, MemoryError) as error:  # as JAX and as NumPy put it
        lack = re.search(r"(out of memory|unable to allocate)[^\n]*?(?=\.?(\n|$))", str(error), re.IGNORECASE)
        if lack is None:
            raise
        sys.stdout.flush()
        print(
            f"error: memory is full: {lack[0]}. Smaller batches and networks need less; "
            "training also has --microbatch, --remat and --stream always.",
            file=sys.stderr,
        )
        raise SystemExit(1) from None
