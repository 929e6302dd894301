"""Data sets: what exists, where it comes from, and how rows are drawn."""
