"""The facade: `PipCache`, and the modules that turn the arguments of its callers into plans."""
