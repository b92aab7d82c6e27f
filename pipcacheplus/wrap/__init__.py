"""The real pip, run as a child with the caller's own streams; records of its use, and repair of its cache."""

USES_CACHE = frozenset({"download", "install", "lock", "wheel"})
"""Commands of pip that use the cache."""
PIP_CACHE_VERBS = frozenset({"dir", "info", "list", "purge", "remove"})
"""Subcommands of `pip cache`, 20.1 to 26.3."""
