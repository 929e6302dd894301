"""Storms: damage and nonsense of every kind, drawn at random; more of each with ``make storm``."""
