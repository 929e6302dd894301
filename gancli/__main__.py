"""``python -m gancli``."""

from gancli.cli.app import entry_point

entry_point()
