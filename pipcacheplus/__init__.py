"""Prove every entry of pip's cache whole or broken, say why, and remove exactly what is asked for."""

__version__ = "0.1.0"
