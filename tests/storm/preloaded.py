"""What a training imports, imported once: processes are forked from the one that has done so."""

import tests.storm.hits  # noqa: F401
