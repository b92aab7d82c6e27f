"""Caches that pips filled from servers that people run."""
