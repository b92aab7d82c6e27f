"""Text for people: one module with `lines` for each kind of view, and shared words."""
