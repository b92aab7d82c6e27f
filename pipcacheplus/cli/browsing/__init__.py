"""The terminal view of a cache: what `browse` shows, and what its keys do."""
