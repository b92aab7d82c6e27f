"""The directory in which pipcacheplus keeps what it can do without; never pip's."""

__all__ = ["state_folder"]


def state_folder() -> str:
    """Return the absolute path of our state directory, `~/.local/state/pipcacheplus` on Linux; it need not exist."""
    # Slow to import, and of use only to those who remember something.
    from platformdirs import user_state_path  # noqa: PLC0415 - see above

    return str(user_state_path("pipcacheplus", appauthor=False))
