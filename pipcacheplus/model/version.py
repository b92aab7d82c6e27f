"""The version of pipcacheplus, the same as in `pyproject.toml`: builders cannot import a module this deep."""

__all__ = ["__version__"]

__version__ = "0.1.0"
