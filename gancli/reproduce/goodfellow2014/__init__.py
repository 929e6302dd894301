"""Goodfellow et al. 2014: theory, Table 1, figures."""
