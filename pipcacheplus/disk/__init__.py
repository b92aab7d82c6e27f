"""Reading of the cache directory."""
