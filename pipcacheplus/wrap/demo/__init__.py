"""The demonstration: a cache of its own in a temporary folder, filled by a real pip, broken, and repaired."""
