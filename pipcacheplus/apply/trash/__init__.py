"""The trash beside a cache: moving files there, restoring them, and emptying it."""
