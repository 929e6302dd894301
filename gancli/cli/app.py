"""The Typer app and its error boundary."""

import os
import re
import sys
from typing import Annotated, NoReturn

import typer

from gancli import __version__
from gancli.cli import compare, data, evaluate, export, interpolate, parzen, reproduce, sample, train
from gancli.cli import listing as catalog
from gancli.cli.settings import Command, TrainCommand
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
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Train, sample, interpolate, evaluate and Parzen-score generative adversarial networks with JAX."""


RUNS, MEASURES, CATALOG = "Make and use a run", "Measure", "Look things up"
app.command(rich_help_panel=RUNS, cls=TrainCommand)(train.train)
app.command(rich_help_panel=RUNS, cls=Command)(sample.sample)
app.command(rich_help_panel=RUNS, cls=Command)(interpolate.interpolate)
app.command(rich_help_panel=RUNS, cls=Command)(export.export)
app.command(rich_help_panel=MEASURES, cls=Command)(evaluate.evaluate)
app.command(rich_help_panel=MEASURES, cls=Command)(compare.compare)
app.command(rich_help_panel=MEASURES, cls=Command)(parzen.parzen)
app.command(rich_help_panel=MEASURES, cls=Command)(reproduce.reproduce)
app.command("list", rich_help_panel=CATALOG, cls=Command)(catalog.catalog)
app.add_typer(data.app, name="data", rich_help_panel=CATALOG)


def entry_point(arguments: list[str] | None = None) -> None:
    """Run a command. A GancliError, wrong usage or a lack of memory becomes one line on stderr and an exit code.

    A bug keeps its traceback.
    """
    if "host_platform_device_count" not in os.environ.get("XLA_FLAGS", ""):  # JAX refuses both
        # Before anything imports jax: each core may be a device of its own; how many are used is up to --devices.
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        os.environ.setdefault("JAX_NUM_CPU_DEVICES", str(cores or 1))
    try:
        raise SystemExit(app(arguments, prog_name="gancli", standalone_mode=False) or 0)
    except GancliError as error:
        _fail(str(error), error.exit_code)
    except typer.TyperException as error:
        _fail(_usage(error), error.exit_code)
    except typer.Abort:
        _fail("aborted.", 1)
    except (RuntimeError, MemoryError) as error:  # as JAX and as NumPy put it
        lack = re.search(r"(out of memory|unable to allocate)[^\n]*?(?=\.?(\n|$))", str(error), re.IGNORECASE)
        if lack is None:
            raise
        _fail(
            f"memory is full: {lack[0]}. Smaller batches and networks need less; "
            "training also has --microbatch, --remat and --stream always.",
            1,
        )


def _fail(message: str, exit_code: int) -> NoReturn:
    sys.stdout.flush()
    if message:
        print(f"error: {message}", file=sys.stderr)
    raise SystemExit(exit_code) from None


def _usage(error: typer.TyperException) -> str:
    """Return Typer's message in the form of gancli's own; empty where it has printed the help."""
    meant = getattr(error, "possibilities", None)
    message = error.message if meant else error.format_message()
    if not message:
        return ""
    message = message[0].lower() + " ".join(message[1:].split()).rstrip(".")
    context = getattr(error, "ctx", None)
    if meant:
        return f"{message}. Did you mean {meant[0]}?"
    message += "" if message.endswith("?") else "."
    return f"{message} See `{context.command_path} --help`." if context else message
