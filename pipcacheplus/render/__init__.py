"""Renderers: a view to text. They know the model only; a format is one file with one `FORMAT`."""
