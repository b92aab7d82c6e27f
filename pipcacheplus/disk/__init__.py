"""The cache directory, read-only."""
