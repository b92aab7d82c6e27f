"""A wheel was built from a source that has been replaced since: the same URL now has other content.

**Why it matters.** pip finds a built wheel by the URL of its source, and does not check whether the source is still the
same. Where its index publishes no digests, or a requirement names the URL directly, pip installs the old build until it
is removed.

pip 22.2 and later store beside a wheel, in `origin.json`, the URL and the digest of its source. This digest is compared
with the source that the cache has under that URL, if it is undamaged; with the newest page that publishes a digest of
it; and with the file itself, if the URL is that of a file of this machine. Of a page and a download the newer decides,
and neither decides if it is older than the wheel by more than a day: builds take hours. A file of this machine is read
only if it is a regular file of this user or root, is named like a source distribution, has at most 1 GiB, and is
reached without a link. If it is gone, or if nothing shows the present source, there is no finding. A wheel that was
built from a commit is never reported as old.

**What to do.** Remove it with `prune --stale`; pip builds it from the present source.
"""

from collections.abc import Iterator, Sequence

from pipcacheplus.checks.base.check import DAY_S, Check, Context, Verdict
from pipcacheplus.checks.base.pages import fits, newest_of
from pipcacheplus.model.facts import Depth, Facts, Origin, Published, SourceNow
from pipcacheplus.model.values import Entry, Group, Remedy, Severity, Shape
from pipcacheplus.pips.credentials import is_cut, shown_url
from pipcacheplus.pips.effects import always
from pipcacheplus.pips.filenames import SDIST_SUFFIXES
from pipcacheplus.pips.urls import path_of_file_url
from pipcacheplus.pips.wheel_keys import key_of_wheel
from pipcacheplus.readers.digests import usable

__all__ = ["CHECK"]

# pip 26.3 `_internal/cache.py`, the same since 7.0: a key is made of the URL, and of a digest if the link has one.
_BY_URL = always("installs the old build instead of the source", when="its key is made of the URL alone")
_BY_DIGEST = always("looks for it only where the old digest is published", when="its key is made of a digest as well")


def _run(entry: Entry, facts: Facts, context: Context) -> Iterator[Verdict]:
    origin = facts.origin
    if not isinstance(origin, Origin) or origin.is_directory or origin.vcs is not None:
        return
    recorded = dict(usable(origin.hashes))
    digest = _of_file(origin, context) if "sha256" in recorded else None
    if digest is not None:
        if digest != recorded["sha256"]:
            yield _verdict(entry, origin, "file", recorded, (("sha256", digest),))
        return
    deciding = _deciding(entry, facts.source or SourceNow(), recorded)
    if deciding and all(fits(one.hashes, recorded) is False for one in deciding):
        is_page = facts.source is not None and deciding[0] in facts.source.pages
        where = "index-page" if is_page else "download"
        yield _verdict(entry, origin, where, recorded, deciding[0].hashes)


def _of_file(origin: Origin, context: Context) -> str | None:
    path = None if is_cut(origin.url) else path_of_file_url(origin.url)
    return context.digest_of_source(path) if path is not None and path.endswith(SDIST_SUFFIXES) else None


def _deciding(entry: Entry, now: SourceNow, recorded: dict[str, str]) -> Sequence[Published]:
    """Return the best evidence of the present source, of all that can be compared."""
    built_s = entry.files[0].mtime_ns // 10**9
    told = [
        one
        for one in (*now.pages, *now.responses)
        if fits(one.hashes, recorded) is not None and (one.written_s is None or one.written_s >= built_s - DAY_S)
    ]
    return newest_of(told)


def _verdict(
    entry: Entry, origin: Origin, where: str, recorded: dict[str, str], now: Sequence[tuple[str, str]]
) -> Verdict:
    told = [(name, value) for name, value in now if name in recorded]
    key = key_of_wheel(entry.id, origin, ())
    return Verdict(
        message="source of this wheel has been replaced since it was built",
        evidence=(
            ("source", shown_url(origin.url)),
            ("source_from", where),
            *((f"built_from_{name}", recorded[name]) for name, _ in told),
            *((f"source_{name}", value) for name, value in told),
        ),
        effects=_BY_DIGEST if key is not None and key.digest is not None else _BY_URL,
    )


CHECK = Check(
    slug="built-wheel-source-changed",
    group=Group.STALE,
    shapes=frozenset({Shape.BUILT_WHEEL}),
    severity=Severity.WARNING,
    remedy=Remedy.REMOVE_IF_ASKED,
    depth=Depth.SOURCES,
    rows=":replaced",
    run=_run,
    needs_links=True,
    effects=(_BY_URL, _BY_DIGEST),
)
