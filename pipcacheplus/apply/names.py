"""Whether a plan names only what pip names so, in the place where pip does: a plan may come from anywhere."""

from pipcacheplus.layout import Place, Role, place_of, role_of
from pipcacheplus.model import Action

__all__ = ["is_pips"]

_NO_NAMES = frozenset({"", ".", ".."})


def is_pips(action: Action) -> bool:
    """Return whether every file and directory of an action has a name that pip gives, below the cache."""
    files = {file.path for file in (*action.entry.files, *action.files)}
    folders = {folder.path for folder in action.entry.folders}
    return (
        action.entry.id in files | folders
        and all(_is_below(path) and _is_file(path) for path in files)
        and all(_is_below(path) and place_of(path) is not Place.FOREIGN for path in folders)
    )


def _is_below(path: str) -> bool:
    return "\0" not in path and _NO_NAMES.isdisjoint(path.split("/"))


def _is_file(path: str) -> bool:
    folder, _, name = path.rpartition("/")
    return role_of(folder, name) is not Role.FOREIGN
