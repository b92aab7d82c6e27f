"""The values that flow from stage to stage, and the closed sets of words that they are made of."""

TYPE_CHECKING = False  # for a type checker it is true; `typing` is slow to import
if TYPE_CHECKING:
    from pipcacheplus.model.values import *  # noqa: F403 - the public face: `from pipcacheplus.model import Entry`
    from pipcacheplus.model.values import __all__ as __all__


def __getattr__(name: str) -> object:
    """Import the values when the first is asked for (PEP 562): they are slow to import, and `dir` needs none."""
    from importlib import import_module  # noqa: PLC0415 - as above

    values = import_module("pipcacheplus.model.values")
    if name != "__all__" and name not in values.__all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value: object = getattr(values, name)
    return value


def __dir__() -> list[str]:
    from importlib import import_module  # noqa: PLC0415 - as above

    return sorted(import_module("pipcacheplus.model.values").__all__)
