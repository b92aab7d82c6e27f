"""Read, name, link and remember the entries of a cache, and answer what commands ask of it."""
