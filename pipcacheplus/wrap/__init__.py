"""The real pip, run as a child with the caller's own streams: what it used, and what is done when it fails."""
