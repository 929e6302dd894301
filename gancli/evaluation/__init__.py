"""Metrics of samples against a reference: inputs, measures, extractors."""
