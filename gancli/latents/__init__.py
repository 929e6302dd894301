"""Latent space: the priors that z is drawn from and the paths between two draws."""

from gancli.latents.catalog import PATHS as PATHS
from gancli.latents.catalog import PRIORS as PRIORS
