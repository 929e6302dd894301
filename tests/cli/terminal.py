"""A command in a pseudo-terminal, and what a person then sees on it."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

CONTROL = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])|\r|\n|[^\x1b\r\n]")


class Terminal:
    """Runs a command in a pseudo-terminal of some columns; keeps all that it printed."""

    def __init__(self, columns: int, *arguments: object, lines: int = 40):
        self.columns = columns
        self._inner, outer = pty.openpty()
        fcntl.ioctl(outer, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        environment = {
            name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")
        }
        command = [sys.executable, "-m", "gancli", *map(str, arguments)]
        self.process = subprocess.Popen(
            command,
            stdin=outer,
            stdout=outer,
            stderr=outer,
            env=environment | {"TERM": "xterm"},
            start_new_session=True,
        )
        os.close(outer)

    def output(self) -> str:
        """Return all that it printed, when it is done."""
        parts = []
        try:
            while part := os.read(self._inner, 65_536):
                parts.append(part)
        except OSError:  # Linux's end of file
            pass
        os.close(self._inner)
        self.process.wait(timeout=60)
        return b"".join(parts).decode()


def frames(output: str, columns: int) -> list[list[str]]:
    """Return the lines on the terminal whenever something was erased, and at the end; all that scrolled by included."""
    lines, row, column, found = [""], 0, 0, []
    for match in CONTROL.finditer(output):
        text, parameters, letter = match[0], match[1], match[2]
        if letter == "A":
            row -= int(parameters or 1)
        elif letter == "K":
            found.append([line.rstrip() for line in lines])
            lines[row] = ""
        elif letter:
            continue  # colors, and whether the cursor is seen
        elif text == "\r":
            column = 0
        elif text == "\n" or column == columns:
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        if not letter and text not in "\r\n":
            line = lines[row].ljust(column)
            lines[row] = line[:column] + text + line[column + 1 :]
            column += 1
    return [*found, [line.rstrip() for line in lines]]
