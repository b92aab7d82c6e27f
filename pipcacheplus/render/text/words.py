"""Words, sizes and names as people read them, and the escaping of all that comes from a cache."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from pipcacheplus.model.values import Brief, Entry, Kind, Shape
from pipcacheplus.pips.effects import without_those_that_never_read
from pipcacheplus.pips.wheel_keys import LEGACY
from pipcacheplus.render.text.tags import platforms_in_words, pythons_in_words
from pipcacheplus.render.times import evidence_value
from pipcacheplus.render.view import Json

__all__ = [
    "KIND_WORDS",
    "built_by",
    "describe",
    "effect_in_words",
    "evidence_in_words",
    "kind_in_words",
    "name",
    "number",
    "owners_in_words",
    "pages_without_url",
    "pip_size",
    "reasons_in_words",
    "safe",
    "size",
    "target",
    "target_of",
    "what_in_words",
]

KIND_WORDS = {
    Kind.INDEX_PAGE.value: "index page",
    Kind.LINKS_PAGE.value: "page of links",
    Kind.UNREADABLE.value: "unreadable response",
    Kind.BUILT_WHEEL.value: "built wheel",
    Kind.SELFCHECK.value: "self-check",
    Kind.FOREIGN.value: "foreign file",
}
"""Kinds whose word for people is not their value."""
_SHAPES = {
    Shape.BUILD: "unfinished build",
    Shape.TEMPORARY: "temporary file",
    Shape.LOCK: "lock file",
    Shape.HEAD: "cached response without its content file",
    Shape.BODY: "content file without its metadata file",
    Shape.ORIGIN: "origin.json without its wheel",
    Shape.LOG: "log",
    Shape.EMPTY_DIRECTORY: "empty directory",
}
_IMPLEMENTATIONS = {"cp": "CPython", "pp": "PyPy", "py": "Python", "ip": "IronPython", "jy": "Jython"}
_UNREAD = (Kind.LEFTOVER, Kind.UNREADABLE)
_EMPTY_DIRECTORY = Shape.EMPTY_DIRECTORY


def safe(text: str) -> str:
    r"""Escape what a terminal would obey or could not show: controls, directions, line ends, undecodable bytes.

    >>> safe("caf\xe9"), safe("a\x1b[2Jb\n"), safe("\u202egpj.exe"), safe("\udcff")
    ('café', 'a\\x1b[2Jb\\x0a', '\\u202egpj.exe', '\\udcff')
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(ord(char)) for char in text)


def _escape(code: int) -> str:
    if code <= 0xFF:  # noqa: PLR2004 - two digits
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - four digits


def evidence_in_words(key: str, value: Json) -> str:
    """Return a piece of evidence as people read it; its key decides whether a number is a time in seconds.

    >>> evidence_in_words("page_1_written", 0), evidence_in_words("wheel_is_proven", False)
    ('1970-01-01T00:00:00Z', 'no')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    told = evidence_value(key, value)
    return "unknown" if told is None else str(told)


def pip_size(size_bytes: int) -> str:
    """Return a size exactly as pip prints it.

    Source: pip 26.3 `_internal/utils/misc.py` `format_size`: powers of 1000, `kB` above ten are cut, nothing above MB.

    >>> pip_size(1000), pip_size(1001), pip_size(10_999), pip_size(1_300_000_000)
    ('1000 bytes', '1.0 kB', '10 kB', '1300.0 MB')
    """
    if size_bytes > 1000 * 1000:
        return f"{size_bytes / 1000.0 / 1000:.1f} MB"
    if size_bytes > 10 * 1000:
        return f"{size_bytes // 1000} kB"
    if size_bytes > 1000:  # noqa: PLR2004 - where kB begin
        return f"{size_bytes / 1000.0:.1f} kB"
    return f"{size_bytes} bytes"


def size(size_bytes: int) -> str:
    """Return a size in pip's words, and in GB or TB where pip stays with MB.

    >>> size(300), size(1), size(1_300_000_000), size(999_960_000)
    ('300 bytes', '1 byte', '1.3 GB', '1.0 GB')
    """
    if 1 < size_bytes < 10**8:  # as most are
        return pip_size(size_bytes)
    if size_bytes == 1:
        return "1 byte"
    for unit, power in (("TB", 10**12), ("GB", 10**9)):
        if size_bytes >= power * 0.99995:  # where the MB, or GB, would round up to 1000.0
            return f"{size_bytes / power:.1f} {unit}"
    return pip_size(size_bytes)


def pages_without_url(count: int) -> Iterator[str]:
    """Yield a line about pages whose relative links lead nowhere, as their own URL is not known, if there are any.

    >>> list(pages_without_url(1))
    ['The URL of 1 cached page is not known, so files are not compared with its relative links (--index-url names it)']
    """
    if count:
        whose, what = ("its", "it") if count == 1 else ("their", "them")
        yield (
            f"The URL of {number(count, 'cached page')} is not known, so files are not compared with {whose} relative"
            f" links (--index-url names {what})"
        )


def effect_in_words(effect: str) -> str:
    """Return what pip does with an entry; pips that never read it are named only if there are no others.

    >>> effect_in_words("fails at every install"), effect_in_words("pip 9.0 never reads it, pip 24.0 ignores it")
    ('pip fails at every install', 'pip 24.0 ignores it')
    """
    # An effect that differs between pips names each with its version.
    effect = without_those_that_never_read(effect)
    return safe(effect if effect.startswith("pip ") else f"pip {effect}")


def built_by(interpreter: str) -> str:
    """Return which interpreter a wheel was built by.

    >>> built_by("cp38"), built_by("cp313t"), built_by("pp310"), built_by("legacy")
    ('CPython 3.8', 'CPython 3.13t', 'PyPy 3.10', 'an interpreter that pip before 20.0 did not record')
    """
    if interpreter == LEGACY:
        return "an interpreter that pip before 20.0 did not record"
    name, digits = interpreter[:2], interpreter[2:]
    if name not in _IMPLEMENTATIONS or not digits[:1].isdigit():
        return safe(interpreter)
    return safe(f"{_IMPLEMENTATIONS[name]} {digits[0]}{'.' if digits[1:] else ''}{digits[1:]}")


def owners_in_words(summary: Mapping[str, Json]) -> Iterator[str]:
    """Yield for each other user what of a cache belongs to that one.

    >>> other = {"uid": 0, "owner": "root", "files": 2, "directories": 1, "disk_bytes": 12288}
    >>> list(owners_in_words({"belongs_to_others": [other]}))
    ['2 files and 1 directory (12 kB) of root (uid 0)']
    """
    others = summary.get("belongs_to_others")
    for other in others if isinstance(others, Sequence) else ():
        match other:
            case {"uid": int(uid), "files": int(files), "directories": int(folders), "disk_bytes": int(disk_bytes)}:
                counts = ((files, "file"), (folders, "directory"))
                counted = " and ".join(number(count, noun) for count, noun in counts if count)
                owner = other["owner"] if isinstance(other, Mapping) else None
                named = f"{safe(str(owner))} (uid {uid})" if owner else f"uid {uid}"
                yield f"{counted} ({size(disk_bytes)}) of {named}"


def number(count: int, noun: str) -> str:
    """Return a count with its noun.

    >>> number(1, "entry"), number(2, "entry"), number(0, "file"), number(2, "empty directory")
    ('1 entry', '2 entries', '0 files', '2 empty directories')
    """
    if count == 1:
        return f"{count:,} {noun}"
    return f"{count:,} {noun[:-1]}ies" if noun.endswith("y") else f"{count:,} {noun}s"


def kind_in_words(kind: Kind) -> str:
    """Return a kind as people say it."""
    word: str = kind.value
    return KIND_WORDS.get(word, word)


def reasons_in_words(reasons: tuple[str, ...]) -> str:
    """Return the reasons of an action; a slug says it in words already.

    >>> reasons_in_words(("requested",)), reasons_in_words(("http-body-missing", "wheel-cut"))
    ('requested', 'http body missing, wheel cut')
    """
    return ", ".join(safe(reason.replace("-", " ")) for reason in reasons)


def name(entry: Entry | Brief) -> str:
    """Return project and version, each if it is known."""
    project, version = entry.project, entry.version
    return safe(f"{project} {version}" if project and version else project or version or "")


def target(entry: Entry | Brief) -> str:
    """Return the Pythons and systems that an entry fits: `cp312 manylinux x86_64`."""
    return target_of(entry.tags, entry.interpreter)


@lru_cache(maxsize=1024)
def target_of(tags: tuple[str, ...], interpreter: str | None, most: int = 3) -> str:
    """Return the same of its tags, and the interpreter that built it; of each sort of words so many at most."""
    words = f"{pythons_in_words(tags, most)} {platforms_in_words(tags, most)}".strip()
    if interpreter is None or interpreter in words.replace(".", " ").split():
        return safe(words)
    return safe(f"{words} ({interpreter})".strip())


def describe(entry: Entry | Brief) -> str:
    """Return what an entry is in one phrase: `numpy 2.1.0, wheel for cp312 on manylinux x86_64`.

    One without a project is followed by its URL, or by its id if that is not known.
    """
    what = what_in_words(entry)
    if entry.tags:
        pythons, platforms = pythons_in_words(entry.tags), platforms_in_words(entry.tags)
        what += f" for {pythons}" + (f" on {platforms}" if platforms else "")
    named = name(entry)
    return f"{named}, {safe(what)}" if named else f"{safe(what)} {safe(entry.url_shown or entry.id)}"


def what_in_words(entry: Entry | Brief) -> str:
    """Return the kind of an entry, of a leftover what it is, as people say it."""
    # An entry that could be read has a kind that says more than its shape.
    if entry.kind in _UNREAD or entry.shape is _EMPTY_DIRECTORY:
        return _SHAPES.get(entry.shape, kind_in_words(entry.kind))
    return kind_in_words(entry.kind)
