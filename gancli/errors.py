"""What a user can put right: one clear line and an exit code, never a traceback."""


class GancliError(Exception):
    """A problem with a file, a run or a machine; the command ends with :attr:`exit_code`."""

    exit_code = 1

    def __init__(self, message: str):
        """Keep a message in one line, though names of files and cells of tables may hold breaks of lines."""
        super().__init__(" ".join(message.splitlines()))


class UsageError(GancliError):
    """The command line asks for something that does not exist or cannot be."""

    exit_code = 2


class DivergedError(GancliError):
    """A loss or gradient was not finite."""

    exit_code = 3


class Interrupted(GancliError):
    """A signal stopped training after its state was saved."""

    def __init__(self, message: str, signal_number: int):
        super().__init__(message)
        self.signal_number = signal_number
        self.exit_code = 128 + signal_number


def first_line(error: BaseException) -> str:
    """Return the type and the first line of what first went wrong, without a full stop."""
    while deeper := error.__cause__ or error.__context__:
        error = deeper
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no details'}".rstrip(".")
