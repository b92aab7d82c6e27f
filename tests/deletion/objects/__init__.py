"""Hostile objects, one function each; a module for each sort of them."""
