"""The real pip, run as a child with the caller's own streams: what it used, and what is done when it fails."""

USES_CACHE = frozenset({"download", "install", "lock", "wheel"})
"""Commands of pip that take from the cache what they install, build or name."""
PIP_CACHE_VERBS = frozenset({"dir", "info", "list", "purge", "remove"})
"""Verbs of `pip cache`, 20.1 to 26.3."""
