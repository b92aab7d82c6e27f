"""What a check is, what it may know, and what proves an entry."""
