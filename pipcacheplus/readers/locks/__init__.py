"""Readers of locks, requirements and reports of pip, one format in each file."""
