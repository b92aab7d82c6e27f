"""Commands over many caches: one process of the owner for each, on any executor."""
