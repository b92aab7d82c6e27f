"""Reading of zip and tar archives, and of packed data."""
