"""Layers and sizes that several architectures share."""
