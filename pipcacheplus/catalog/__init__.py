"""A cache read, named, linked and remembered; what commands ask of it."""
