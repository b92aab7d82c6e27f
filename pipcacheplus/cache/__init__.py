"""The facade: `PipCache`, and what turns the wishes of its callers into plans."""
