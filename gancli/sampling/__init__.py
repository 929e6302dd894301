"""Draws from a trained generator, and pictures of them."""
