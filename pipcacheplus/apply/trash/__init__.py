"""The trash beside a cache: move files there, bring them back, and empty it."""
