"""The trash beside a cache: what goes there, and how it comes back."""
