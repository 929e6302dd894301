"""The Typer app and its error boundary."""

import contextlib
import errno
import re
import signal
import sys
from typing import Annotated

try:
    import typer

    from gancli import __version__
    from gancli.cli import (
        classify,
        compare,
        data,
        edit,
        encode,
        evaluate,
        export,
        hosts,
        inpaint,
        interpolate,
        parzen,
        report,
        reproduce,
        sample,
        sweep,
        train,
        translate,
    )
    from gancli.cli import listing as catalog
    from gancli.cli.settings import Command, TrainCommand
    from gancli.cli.signals import Stoppable
    from gancli.cli.streams import lasting_streams
    from gancli.compute import environment
    from gancli.compute.garbage import collect_seldom
    from gancli.errors import GancliError
except KeyboardInterrupt:  # Ctrl-C counts from the first moment on
    raise SystemExit(128 + signal.SIGINT) from None

# What a system says of a disk or a share that fails, and not always of which file.
FAILED = (errno.EIO, errno.ENOSPC, errno.EFBIG, errno.EROFS, errno.EDQUOT, errno.ESTALE)

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
app.command(rich_help_panel=RUNS, cls=TrainCommand)(sweep.sweep)
app.command(rich_help_panel=RUNS, cls=Command)(sample.sample)
app.command(rich_help_panel=RUNS, cls=Command)(interpolate.interpolate)
app.command(rich_help_panel=RUNS, cls=Command)(encode.encode)
app.command(rich_help_panel=RUNS, cls=Command)(edit.edit)
app.command(rich_help_panel=RUNS, cls=Command)(inpaint.inpaint)
app.command(rich_help_panel=RUNS, cls=Command)(classify.classify)
app.command(rich_help_panel=RUNS, cls=Command)(translate.translate)
app.command(rich_help_panel=RUNS, cls=Command)(export.export)
app.command(rich_help_panel=MEASURES, cls=Command)(evaluate.evaluate)
app.command(rich_help_panel=MEASURES, cls=Command)(compare.compare)
app.command(rich_help_panel=MEASURES, cls=Command)(report.report)
app.command(rich_help_panel=MEASURES, cls=Command)(parzen.parzen)
app.command(rich_help_panel=MEASURES, cls=Command)(reproduce.reproduce)
app.command("list", rich_help_panel=CATALOG, cls=Command)(catalog.catalog)
app.add_typer(data.app, name="data", rich_help_panel=CATALOG)


def entry_point(arguments: list[str] | None = None) -> None:
    """Run a command. What the user can put right becomes one line on stderr and an exit code.

    That is a GancliError, wrong usage, a lack of memory, a file that the system refuses, and an environment that JAX
    cannot use. Ctrl-C, SIGTERM and SIGHUP end a command with 130, 143 and 129. A bug keeps its traceback.
    """
    collect_seldom()
    signals = Stoppable()
    with contextlib.ExitStack() as active:
        try:
            for one in (hosts.speaking(), signals, lasting_streams()):  # what begins after it can be stopped, too
                active.enter_context(one)
            code, message = _outcome(arguments)
            signals.raise_no_more()
        except BaseException:  # a signal may come out as anything
            signals.raise_no_more()
            if signals.signal_number is None:
                raise
            code, message = 0, ""
        stopped = bool(message) and code > 128  # training answered a signal itself: what it did is saved
        if signals.signal_number is not None and not stopped:
            code, message = 128 + signals.signal_number, signals.message()
        if message:
            with contextlib.suppress(GancliError):  # one message is enough
                sys.stdout.flush()
            print(message if stopped else f"error: {message}", file=sys.stderr)
        raise SystemExit(code)


def _outcome(arguments: list[str] | None) -> tuple[int, str]:
    """Run a command and return its exit code and what went wrong, in one line."""
    try:
        for name in environment.settle():
            print(f"warning: {name} is not used: no number may depend on the environment.", file=sys.stderr)
        code = app(arguments, prog_name="gancli", standalone_mode=False) or 0
        sys.stdout.flush()  # a full disk is known here at the latest
        return code, ""
    except GancliError as error:
        return error.exit_code, str(error)
    except typer.TyperException as error:
        return error.exit_code, _usage(error)
    except typer.Abort:
        return 1, "aborted."
    except OSError as error:  # a name that is too long, a folder without rights, a disk that fails
        if error.filename is None and error.errno not in FAILED:
            raise
        what = "the disk" if error.filename is None else f"'{error.filename}'"
        return 1, f"cannot use {what}: {error.strerror}."
    except (RuntimeError, MemoryError, AssertionError, ValueError) as error:  # as JAX and as NumPy put it
        if reason := _put_right(error):
            return 1, reason
        raise


def _put_right(error: Exception) -> str | None:
    """Return what the user can do about an error of a library; None: it is a bug."""
    lack = re.search(r"(out of memory|unable to allocate)[^\n]*?(?=\.?(\n|$))", str(error), re.IGNORECASE)
    if lack or isinstance(error, MemoryError):
        return (
            f"memory is full{f': {lack[0]}' if lack else ''}. Smaller batches, networks and images need less; "
            "training also has --microbatch, --remat and --stream always."
        )
    if "jax" not in sys.modules:  # nobody needed it, or its import failed
        return environment.blamed(error)
    from gancli.compute import devices

    return devices.why_none()


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
