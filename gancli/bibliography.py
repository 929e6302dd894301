"""The literature behind what gancli implements, read from ``references.bib``."""

import re
from importlib import resources


def read_entries(text: str) -> dict[str, str]:
    """Return the entries of a BibTeX file by their keys; each ends with a ``}`` alone in its line."""
    return {found[1]: found[0] for found in re.finditer(r"^@\w+\{([^,\s]+),\n.*?^\}", text, re.MULTILINE | re.DOTALL)}


BIBLIOGRAPHY = read_entries(resources.files("gancli").joinpath("references.bib").read_text(encoding="utf-8"))
