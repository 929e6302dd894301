"""Losses: one named pair of pure functions each."""
