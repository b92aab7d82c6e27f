"""Text for people: one module with `lines` for each kind of view, and the words that they share."""
