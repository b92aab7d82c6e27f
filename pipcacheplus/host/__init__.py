"""This computer: interpreters, processes, file systems, and the state directory."""
