"""Files of pipcacheplus outside of caches: catalogs, trash, answers of interpreters, marks and records.

Locks are not included: they are files without content, and another run may be about to take one.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial

from pipcacheplus.catalog.housekeeping import clear_catalog, kept_catalogs
from pipcacheplus.errors import BadRequestError, CacheDisabledError, PipCachePlusError
from pipcacheplus.host.interpreter_cache import InterpreterCache, all_answers
from pipcacheplus.host.kept_files import KeptFiles
from pipcacheplus.host.machine import this_machine
from pipcacheplus.host.marks import Marks
from pipcacheplus.host.records import UseRecords
from pipcacheplus.host.state import UntrustedError, state_folder
from pipcacheplus.model.spelling import did_you_mean
from pipcacheplus.model.values import OwnFiles, OwnKind, OwnState, Warned
from pipcacheplus.pips.locate import locate

__all__ = ["clear_state", "state"]


def state(*kinds: str | OwnKind, cache_dir: str | None = None) -> OwnState:
    """Return the files that pipcacheplus stores outside of caches; nothing is changed.

    Args:
        kinds: `catalogs`, `trash`, `interpreters`, `marks`, `records`; all by default.
        cache_dir: A cache whose trash is searched, besides those that have a catalog; by default the one that the
            pip of this interpreter would use.

    Raises:
        BadRequestError: There is no such kind.
    """
    wanted = frozenset(map(_kind, kinds)) or frozenset(OwnKind)
    found: list[OwnFiles] = []
    warnings: list[Warned] = []
    for path, look in _looks(wanted, cache_dir):
        try:
            found.extend(look())
        except (OSError, PipCachePlusError) as error:
            warnings.append(_warned(path, error))
    # One directory may be the reason for warnings of several kinds.
    return OwnState(files=tuple(found), warnings=tuple(dict.fromkeys(warnings)))


def clear_state(*kinds: str | OwnKind, cache_dir: str | None = None, dry_run: bool = False) -> OwnState:
    """Remove these files, and return the removed ones; files that another run uses stay, with a warning.

    Files from the trash cannot be restored. Catalogs and answers are read again when they are needed.

    Args:
        kinds: As `state`.
        cache_dir: As `state`.
        dry_run: Whether nothing is changed, and the files that would be removed are returned.

    Raises:
        BadRequestError: There is no such kind.
    """
    there = state(*kinds, cache_dir=cache_dir)
    if dry_run:
        return there
    gone: list[OwnFiles] = []
    warnings = [*there.warnings]
    for one in there.files:
        try:
            reason = _REMOVERS[one.kind](one)
        except (OSError, PipCachePlusError) as error:
            warnings.append(_warned(one.path, error))
            continue
        if reason is None:
            gone.append(one)
        else:
            warnings.append(Warned(path=one.path, message=reason))
    return OwnState(files=tuple(gone), warnings=tuple(warnings))


def _kind(word: str | OwnKind) -> OwnKind:
    try:
        return OwnKind(word)
    except ValueError as error:
        words = [kind.value for kind in OwnKind]
        step = did_you_mean(word, words) or f"name one of {', '.join(words)}"
        raise BadRequestError(what="kind", problem=f"there is no {word!r}", next_step=step) from error


def _warned(path: str, error: OSError | PipCachePlusError) -> Warned:
    if isinstance(error, UntrustedError):
        return Warned(path=error.path, message=error.reason)
    reason = error.strerror if isinstance(error, OSError) else None
    return Warned(path=path, message=reason or str(error))


_Look = Callable[[], Sequence[OwnFiles]]


def _looks(kinds: frozenset[OwnKind], cache_dir: str | None) -> Iterator[tuple[str, _Look]]:
    """Yield the places to search, with the function for each."""
    folder = state_folder()
    catalogs: list[OwnFiles] = []

    def look_for_catalogs() -> Sequence[OwnFiles]:
        catalogs.extend(kept_catalogs(folder))
        return catalogs if OwnKind.CATALOGS in kinds else ()

    if kinds & {OwnKind.CATALOGS, OwnKind.TRASH}:  # catalogs name the caches that may have a trash
        yield folder, look_for_catalogs
    if OwnKind.TRASH in kinds:
        for path in _caches(catalogs, cache_dir):
            yield path, partial(_trash, path)
    for kept in _kept():
        if kept.KIND in kinds:
            yield folder, partial(_files_of, kept)
    if OwnKind.INTERPRETERS in kinds:
        for answers in all_answers():
            yield folder, partial(_answers, answers)


def _caches(catalogs: Sequence[OwnFiles], cache_dir: str | None) -> list[str]:
    named = [one.cache for one in catalogs if one.cache is not None]
    with suppress(CacheDisabledError, BadRequestError):
        named.append(os.path.realpath(locate(this_machine(), cache_dir=cache_dir).path))
    return [path for path in dict.fromkeys(named) if os.path.isdir(path)]


def _trash(path: str) -> Sequence[OwnFiles]:
    from pipcacheplus.apply.apply import trash_files_here  # noqa: PLC0415 - filelock and psutil are slow to import

    found = trash_files_here(path)
    return () if found is None else (found,)


def _files_of(kept: KeptFiles) -> Sequence[OwnFiles]:
    return tuple(kept.files())


def _answers(answers: InterpreterCache) -> Sequence[OwnFiles]:
    found = answers.files()
    return () if found is None else (found,)


def _remove_catalog(one: OwnFiles) -> str | None:
    return None if clear_catalog(one.path) else "another run uses it"


def _remove_trash(one: OwnFiles) -> str | None:
    from pipcacheplus.apply.apply import empty_trash_here  # noqa: PLC0415 - as above

    cache = one.cache or ""
    empty_trash_here(cache)
    return "something in it could not be removed" if _trash(cache) else None


def _remove_answers(one: OwnFiles) -> str | None:
    InterpreterCache(one.path).clear()
    return None


def _kept() -> tuple[KeptFiles, ...]:
    return Marks(), UseRecords()


def _remove_kept(one: OwnFiles) -> str | None:
    for kept in _kept():
        if kept.KIND is one.kind:
            kept.remove(one.path)
    return None


_REMOVERS: Mapping[OwnKind, Callable[[OwnFiles], str | None]] = {
    OwnKind.CATALOGS: _remove_catalog,
    OwnKind.TRASH: _remove_trash,
    OwnKind.INTERPRETERS: _remove_answers,
    OwnKind.MARKS: _remove_kept,
    OwnKind.RECORDS: _remove_kept,
}
"""Functions that remove their argument, and return the reason if something is left."""
