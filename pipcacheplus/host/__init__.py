"""This computer: interpreters, processes, file systems, and where our own state lies."""
