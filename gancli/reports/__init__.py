"""Runs as a page for a browser: one HTML file that needs no other."""
