"""Network architectures, one file each, by the name used on the command line."""

from gancli.models import mlp
from gancli.registry import Registry

MODELS = Registry("model", {"mlp": mlp.networks})
