"""Export of files from a cache: the choice of files, their names, and only verified ones."""

import os
from collections.abc import Callable, Iterator, Sequence

from pipcacheplus.apply.export_file import export_file, make_folder, target_state
from pipcacheplus.catalog.results import Inspection
from pipcacheplus.disk.open_cache import ChangedError, OpenCache
from pipcacheplus.errors import BadRequestError
from pipcacheplus.model.values import (
    Entry,
    Exported,
    ExportReport,
    ExportState,
    Finding,
    Kind,
    NotJudged,
    Progress,
    Severity,
    Transfer,
)
from pipcacheplus.pips.filenames import project_and_version
from pipcacheplus.plan.needed import Needed

__all__ = ["check_selection", "exported", "is_exportable", "target_folder"]

_KINDS = (Kind.WHEEL, Kind.SDIST, Kind.BUILT_WHEEL)
"""Kinds that can be installed; of one name, a download comes before a wheel that was built here."""
_MAX_NAME_BYTES = 255


def is_exportable(entry: Entry) -> bool:
    """Return whether an entry is a file that pip can install."""
    return entry.kind in _KINDS


def target_folder(path: str, cache_path: str) -> str:
    """Return a directory to export to, absolute and without links; it need not exist.

    Raises:
        BadRequestError: It lies in the cache, or is not a directory.
    """
    if not path:
        raise BadRequestError(what="`to`", problem="is empty", next_step="name one, for instance wheels")
    real, cache = os.path.realpath(path), os.path.realpath(cache_path)
    if real == cache or real.startswith(cache.rstrip(os.sep) + os.sep):
        raise BadRequestError(
            what="`to`", problem=f"{path} lies in the cache", next_step="name a directory of your own"
        )
    if os.path.lexists(real) and not os.path.isdir(real):
        raise BadRequestError(what="`to`", problem=f"{path} is not a directory", next_step="name one, or a new one")
    return real


def exported(
    inspection: Inspection,
    folder: str,
    *,
    needed: Needed | None,
    links: bool,
    is_planned: bool,
    stop: Callable[[], bool] | None,
    progress: Progress | None,
) -> ExportReport:
    """Export the inspected entries that are whole, and return the result of each.

    Args:
        inspection: The inspection of the selected entries, which were just read to their end.
        folder: The target, as `target_folder` returned it.
        needed: Files that locks name, after all entries were added to it.
        links: As `export_file`.
        is_planned: Whether nothing is written.
        stop: Called between files; once it returns true, nothing else is begun.
        progress: Called with the files done, and all of them.

    Raises:
        BadRequestError: The directory cannot be made.
    """
    wanted = sorted(filter(is_exportable, inspection.entries), key=lambda one: (_KINDS.index(one.kind), one.id))
    if wanted and not is_planned:
        _make(folder)
    errors = {one.entry.id: one for one in inspection.findings if one.severity is Severity.ERROR}
    outcomes: list[Exported] = []
    names = dict[str, Entry]()
    is_stopped = False
    with OpenCache(inspection.cache.path) as cache:
        for entry in wanted:
            if stop is not None and stop():
                is_stopped = True
                break
            if needed is not None and needed.contradicts(entry, entry.sha256):
                why = "its SHA-256 is not the one in the lock"
                outcomes.append(Exported(entry=entry, state=ExportState.UNVERIFIED, why=why))
                continue
            outcomes.append(
                _export(cache, entry, folder, names, inspection, errors, links=links, is_planned=is_planned)
            )
            if progress is not None:
                progress(len(outcomes), len(wanted))
    return ExportReport(
        cache=inspection.cache,
        folder=folder,
        outcomes=tuple(sorted(outcomes, key=lambda one: (os.path.basename(one.path or ""), one.entry.id))),
        unmatched=inspection.unmatched,
        hints=inspection.hints,
        warnings=inspection.warnings,
        locked=None if needed is None else needed.locked,
        missing=() if needed is None else needed.missing,
        is_interrupted=is_stopped,
    )


def _make(folder: str) -> None:
    try:
        make_folder(folder)
    except OSError as error:
        step = "name another directory"
        problem = f"{folder} cannot be made ({error.strerror})"
        raise BadRequestError(what="`to`", problem=problem, next_step=step) from error


def _export(  # noqa: PLR0917 - the facts of an entry
    cache: OpenCache,
    entry: Entry,
    folder: str,
    names: dict[str, Entry],
    inspection: Inspection,
    errors: dict[str, Finding],
    *,
    links: bool,
    is_planned: bool,
) -> Exported:
    name = entry.id.rpartition("/")[2] if entry.kind is Kind.BUILT_WHEEL else entry.filename
    if name is None or not _is_plain(name):
        why = "its name is unknown (--index-url may help)" if name is None else f"its name is {name!r}"
        return Exported(entry=entry, state=ExportState.UNNAMED, why=why)
    path = os.path.join(folder, name)
    for state, why in _objections(entry, inspection, errors):
        return Exported(entry=entry, state=state, path=path, why=why)
    other = names.setdefault(name, entry)
    if other is not entry and other.sha256 != entry.sha256:
        why = f"{other.id} has the same name, and other bytes"
        return Exported(entry=entry, state=ExportState.OCCUPIED, path=path, why=why)
    sha256 = entry.sha256 or ""
    transfer: Transfer | None = None
    try:
        state_there = target_state(path, sha256)
        if state_there is not None or is_planned:
            state = state_there or ExportState.PLANNED
        else:
            state, transfer = export_file(cache, entry, path, sha256=sha256, links=links)
    except ChangedError:
        state = ExportState.CHANGED
    except OSError as error:
        return Exported(entry=entry, state=ExportState.FAILED, path=path, why=error.strerror or str(error))
    is_new = state is ExportState.EXPORTED
    return Exported(entry=entry, state=state, path=path, transfer=transfer if is_new else None, why=_WHYS.get(state))


_WHYS = {
    ExportState.OCCUPIED: "a different file of this name is there",
    ExportState.CHANGED: "it changed since it was verified",
}


def _objections(entry: Entry, inspection: Inspection, errors: dict[str, Finding]) -> Iterator[tuple[ExportState, str]]:
    if error := errors.get(entry.id):
        yield ExportState.DAMAGED, error.message
    not_judged = inspection.evidence.get(entry.id, {}).get("not_judged")
    if isinstance(not_judged, str) and not_judged != NotJudged.LIBRARIES.value:
        yield ExportState.UNVERIFIED, f"not proven to be whole ({not_judged})"
    if entry.sha256 is None:
        yield ExportState.UNVERIFIED, "it is too large to be read only for this"


def _is_plain(name: str) -> bool:
    """Return whether a name is that of a wheel or an sdist, and has no other meaning on any system."""
    is_safe = name.isprintable() and not set(name) & set('/\\:*?"<>|') and not name.startswith((".", "-"))
    return is_safe and len(name.encode()) <= _MAX_NAME_BYTES and project_and_version(name) is not None


def check_selection(what: Sequence[object], locks: Sequence[str]) -> None:
    """Refuse to export everything because no selection was given.

    Raises:
        BadRequestError: Nothing is named.
    """
    if not what and not locks:
        raise BadRequestError(
            what="export", problem="nothing is named", next_step="name entries, or a lock; '*' selects everything"
        )
