"""Commands over many caches: units of work, the search for caches, executors, advisories, tables."""
