"""The version of pipcacheplus, in the one place where it is set; the build reads it here."""

__all__ = ["__version__"]

__version__ = "0.1.0"
