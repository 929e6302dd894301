"""Scores of samples, one file each."""
