"""Inception-v3 in JAX, and its published weights read without their pickle."""
