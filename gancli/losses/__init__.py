"""Adversarial objectives: one named pair of pure functions each."""
