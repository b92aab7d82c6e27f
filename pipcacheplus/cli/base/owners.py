"""Files of a cache that belong to other users, with the command that changes this, and the sums over all names."""

import os
from collections.abc import Iterable
from shlex import quote
from typing import TYPE_CHECKING

from pipcacheplus.render.times import rfc3339
from pipcacheplus.render.view import Json

if TYPE_CHECKING:  # slow to import, and needed for annotations alone
    from pipcacheplus.model.values import Count, Survey

__all__ = ["own_all", "summarize_owners", "summarize_room", "summarize_survey"]

_ROOT = 0


def summarize_survey(survey: "Survey", path: str, totals: "Iterable[Count]") -> dict[str, Json]:
    """Return the facts of a survey for the JSON.

    Args:
        survey: The survey.
        path: Path of the cache directory.
        totals: Counts of all entries, in any number of parts.
    """
    return {**summarize_room(survey, totals), **summarize_owners(survey, path)}


def summarize_room(survey: "Survey | None", totals: "Iterable[Count]") -> dict[str, Json]:
    """Return the bytes of the directories of a cache, and the total as of `du`; `null` each without a survey."""
    if survey is None:
        return dict.fromkeys(("directories", "directory_bytes", "du_bytes"))
    files = sum(count.disk_bytes for count in totals) - survey.bytes_of_other_names
    return {
        "directories": survey.directories,
        "directory_bytes": survey.directory_bytes,
        "du_bytes": files + survey.directory_bytes,
    }


def summarize_owners(survey: "Survey | None", path: str) -> dict[str, Json]:
    """Return the files of other users, the command that changes this, and whether the cache was restored as a whole.

    Args:
        survey: The survey; `None` if there is no cache.
        path: Path of the cache directory.
    """
    if survey is None:
        return {"belongs_to_others": [], "chown": None, "restored": None}
    user = _user(survey)
    return {
        "belongs_to_others": [
            {
                "uid": other.uid,
                "owner": other.owner,
                "files": other.files,
                "directories": other.directories,
                "disk_bytes": other.disk_bytes,
            }
            for other in survey.others
        ],
        "chown": _taking_over(path, user) if survey.others or user != _named(survey) else None,
        "restored": rfc3339(survey.restored_s),
    }


def _taking_over(path: str, user: str) -> str:
    """Return the command that gives all of a cache to a user; links in it are changed themselves, and not followed."""
    sudo = "" if os.geteuid() == _ROOT else "sudo "
    return f"{sudo}chown -Rh {quote(user)} {quote(path)}"


def own_all(path: str) -> str:
    """Return the command that gives all of a cache to this user."""
    return _taking_over(path, _this_user())


def _this_user() -> str:
    from pipcacheplus.host.users import user_name  # noqa: PLC0415 - needed by few

    return user_name(os.geteuid()) or str(os.geteuid())


def _named(survey: "Survey") -> str:
    return survey.owner or str(survey.uid)


def _user(survey: "Survey") -> str:
    """Return the user who should own the cache: the one who uses it; for root, the owner of the directory."""
    if not hasattr(os, "geteuid") or os.geteuid() in {_ROOT, survey.uid}:
        return _named(survey)
    return _this_user()
