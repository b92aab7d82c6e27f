"""Read `origin.json` beside a built wheel, a direct URL (PEP 610), and any small file that holds one JSON object.

Source: pip 26.3 `_internal/models/direct_url.py`, whose demands are these; pip from 23.2 on
ignores a file that fails them.
"""

import json

from pipcacheplus.model.facts import Broken, Origin

__all__ = ["MAX_OBJECT_BYTES", "read_object", "read_origin"]

MAX_OBJECT_BYTES = 1 << 20
_KINDS = ("archive_info", "dir_info", "vcs_info")


def read_origin(data: bytes) -> Origin | Broken:
    """Read an `origin.json`; more than `MAX_OBJECT_BYTES` counts as broken."""
    document = read_object(data)
    return document if isinstance(document, Broken) else _origin(document)


def read_object(data: bytes) -> dict[str, object] | Broken:
    """Read one JSON object; more than `MAX_OBJECT_BYTES` count as broken."""
    if not data:
        return Broken(reason="is empty", offset=0, is_cut=True)
    if len(data) > MAX_OBJECT_BYTES:
        return Broken(reason=f"is longer than {MAX_OBJECT_BYTES} bytes")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        # Also UnicodeDecodeError. pip writes such files in place, so that they may be truncated.
        return Broken(reason="is not JSON", offset=getattr(error, "pos", None), is_cut=not data.rstrip().endswith(b"}"))
    return document if isinstance(document, dict) else Broken(reason="is not a JSON object")


def _origin(document: dict[str, object]) -> Origin | Broken:
    url = document.get("url")
    if not isinstance(url, str) or not url:
        return Broken(reason="has no url")
    infos = {kind: document[kind] for kind in _KINDS if document.get(kind) is not None}
    if len(infos) != 1:
        return Broken(reason="has not exactly one of archive_info, dir_info and vcs_info")
    ((kind, info),) = infos.items()
    if not isinstance(info, dict):
        return Broken(reason=f"{kind} is not a JSON object")
    subdirectory = document.get("subdirectory")
    if not isinstance(subdirectory, str | None):
        return Broken(reason="subdirectory is not text")
    if kind == "vcs_info":
        return _from_vcs(url, info, subdirectory)
    hashes = _hashes(info) if kind == "archive_info" else ()
    if isinstance(hashes, Broken):
        return hashes
    return Origin(url=url, is_directory=kind == "dir_info", hashes=hashes, subdirectory=subdirectory)


def _from_vcs(url: str, info: dict[str, object], subdirectory: str | None) -> Origin | Broken:
    vcs, commit = info.get("vcs"), info.get("commit_id")
    if not isinstance(vcs, str) or not isinstance(commit, str):
        return Broken(reason="vcs_info has no vcs or no commit_id")
    revision = info.get("requested_revision")
    if not isinstance(revision, str | None):
        return Broken(reason="requested_revision is not text")
    return Origin(
        url=url,
        is_directory=False,
        vcs=vcs,
        commit=commit,
        requested_revision=revision or None,
        subdirectory=subdirectory,
    )


def _hashes(info: dict[str, object]) -> tuple[tuple[str, str], ...] | Broken:
    """Return `hashes` (pip 23.0 and later), and `hash` (22.2 and later) if it is not among them."""
    given = info.get("hashes")
    if given is None:
        given = {}
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        return Broken(reason="archive_info has hashes that are not text")
    found = {str(name): str(value).lower() for name, value in given.items()}
    single = info.get("hash")
    if single is not None:
        name, equals, value = single.partition("=") if isinstance(single, str) else ("", "", "")
        if not equals:
            return Broken(reason="archive_info has a hash without an algorithm")
        found.setdefault(name, value.lower())
    return tuple(found.items())
