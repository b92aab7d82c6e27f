"""Whether a plan names only what pip names so, in the place where pip does: a plan may come from anywhere."""

from pipcacheplus.layout import Place, Role, place_of, roles_in
from pipcacheplus.model import Action

__all__ = ["is_pips"]

_NO_NAMES = frozenset({"", ".", ".."})


def is_pips(action: Action) -> bool:
    """Return whether every file and directory of an action has a name that pip gives, below the cache."""
    files = {file.path for file in (*action.entry.files, *action.files)}
    folders = {folder.path for folder in action.entry.folders}
    if action.entry.id not in files and action.entry.id not in folders:
        return False
    if not all(map(_is_below, files | folders)) or any(place_of(path) is Place.FOREIGN for path in folders):
        return False
    names: dict[str, list[str]] = {}
    for path in files:
        folder, _, name = path.rpartition("/")
        names.setdefault(folder, []).append(name)
    return all(_are_files(folder, found) for folder, found in names.items())


def _are_files(folder: str, names: list[str]) -> bool:
    role_of = roles_in(folder, place_of(folder))
    return all(role_of(name) is not Role.FOREIGN for name in names)


def _is_below(path: str) -> bool:
    return "\0" not in path and _NO_NAMES.isdisjoint(path.split("/"))
