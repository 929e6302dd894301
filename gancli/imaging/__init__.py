"""Pixels, contrast and plots: arrays in, images out; no network, no file."""
