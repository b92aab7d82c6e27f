"""Test of the names in a plan, which may come from anywhere: pip must write each of them, in exactly that place."""

from collections.abc import Callable
from functools import lru_cache

from pipcacheplus.model.values import Action
from pipcacheplus.pips.layout import Place, Role, place_of, roles_in

__all__ = ["is_pips"]

_NO_NAMES = frozenset({"", ".", ".."})


def is_pips(action: Action) -> bool:
    """Return whether every file and directory of an action has a name that pip gives, below the cache."""
    files = {file.path for file in (*action.entry.files, *action.files)}
    folders = {folder.path for folder in action.entry.folders}
    if action.entry.id not in files and action.entry.id not in folders:
        return False
    return all(map(_is_folder, folders)) and all(map(_is_file, files))


def _is_file(path: str) -> bool:
    folder, _, name = path.rpartition("/")
    return _is_below(path) and _roles_in(folder)(name) is not Role.FOREIGN


def _is_folder(path: str) -> bool:
    return _is_below(path) and place_of(path) is not Place.FOREIGN


@lru_cache(maxsize=1)  # the files of an entry lie in one directory, nearly always
def _roles_in(folder: str) -> Callable[[str], Role]:
    return roles_in(folder, place_of(folder))


def _is_below(path: str) -> bool:
    return "\0" not in path and _NO_NAMES.isdisjoint(path.split("/"))
