"""Tests of the wrapped pip."""
