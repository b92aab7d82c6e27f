"""Read what locks, requirements and reports of pip name, one format a file."""
