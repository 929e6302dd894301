"""Tests of gancli.sampling."""
