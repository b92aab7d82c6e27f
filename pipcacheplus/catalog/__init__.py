"""Read, name, link and store the entries of a cache, and answer the queries of commands."""
