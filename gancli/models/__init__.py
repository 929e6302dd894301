"""Network architectures, one file each."""

from gancli.models.catalog import MODELS as MODELS
