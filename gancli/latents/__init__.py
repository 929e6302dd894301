"""Latent space: the priors that z is drawn from and the paths between two draws."""
