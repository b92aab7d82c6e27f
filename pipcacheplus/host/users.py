"""Names of users by their numbers."""

__all__ = ["user_name"]


def user_name(uid: int) -> str | None:
    """Return the name of the user with a number; `None` if there is none, or numbers have no names on this system."""
    try:
        import pwd  # noqa: PLC0415 - not on Windows
    except ImportError:
        return None
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, OverflowError):
        return None
