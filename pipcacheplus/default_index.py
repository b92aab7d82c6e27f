"""S."""


def default_index(python, *, memory=None):
    return None
