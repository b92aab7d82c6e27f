"""Facts that readers learn from an entry's bytes; never a judgement.

A reader returns one of these or `Broken`, whatever the bytes; it raises `OSError` only when the file itself cannot be
read. All are frozen and hold no more than a stated number of bytes (see each reader). They are structs of msgspec: a
cache of 100,000 entries has a million of them, and a frozen dataclass takes ten times as long to make.
"""

from enum import Enum, IntEnum

from msgspec import Struct

__all__ = [
    "FILE_HOST_DIGEST",
    "Broken",
    "Depth",
    "Expected",
    "Facts",
    "Head",
    "Libraries",
    "Library",
    "Link",
    "Metadata",
    "Origin",
    "Page",
    "Payload",
    "PayloadFormat",
    "Pickle",
    "Published",
    "Redirects",
    "Sdist",
    "Selfcheck",
    "Span",
    "Unknown",
    "Wheel",
    "WheelMetadata",
]


_PERMANENT_REDIRECTS = frozenset({301, 308})

FILE_HOST_DIGEST = "blake2b"
"""BLAKE2b-256, which the file host makes the path of a file from."""


class Depth(IntEnum):
    """How far an entry is read."""

    NAMES = 0
    """Nothing: names and stamps only."""
    ENDS = 1
    """Heads, pages, and of archives what names them."""
    SOURCES = 2
    """Besides, to their end, the sources in the cache that built wheels were made from, and what pages publish
    different digests of."""
    WHOLE = 3
    """Archives to their end."""


class Broken(Struct, frozen=True, kw_only=True):
    """The bytes are not what they should be."""

    reason: str
    """One clause, without path and full stop: `ends inside the central directory`."""
    offset: int | None = None
    """Where, in bytes from the start, if that is known."""
    is_cut: bool = False
    """Whether it looks like the front part of something sound."""
    is_tolerated: bool = False
    """Whether pip uses it all the same: no pip holds the members of a wheel against its RECORD."""


class Unknown(Struct, frozen=True, kw_only=True):
    """The bytes may be sound, but a limit of ours, or a feature that we do not read, keeps us from telling."""

    reason: str


class Span(Struct, frozen=True, kw_only=True):
    """Where the payload lies within the file of a one-file entry."""

    offset: int
    length: int


class Pickle(Struct, frozen=True, kw_only=True):
    """What the opcodes of a pickled entry (cc=1) name. It is never loaded."""

    calls: tuple[str, ...]
    """Dotted names that loading would import, sorted: `os.mkdir`."""
    is_plain: bool
    """Whether it holds only what pip's own writer puts there (plain data and its header class)."""
    strings: tuple[str, ...]
    """Text constants in order, those over 4 KiB left out, at most 1,000."""
    body: bytes | None = None
    """The longest constant, if that is short enough to be held."""


class Head(Struct, frozen=True, kw_only=True):
    """The head of a cached response, without the payload."""

    cc: int
    """Format by its `cc=N,` prefix: 1, 2 or 4."""
    status: int | None
    headers: tuple[tuple[str, str], ...]
    """Names in lower case, in the order stored."""
    vary: tuple[tuple[str, str | None], ...] = ()
    reason: str | None = None
    body: Span | None = None
    """cc=4: where the payload lies in the file itself; its length is 0 in `http-v2`, where the body is a file."""
    body_size: int | None = None
    """Length in bytes of the payload inside the file, decoded; `None` if unknown."""
    pickle: Pickle | None = None
    """cc=1 only."""

    @property
    def is_permanent_redirect(self) -> bool:
        """Whether pip keeps it without its body, and serves it for ever: 301 from pip 6.1, 308 from 22.1 on."""
        return self.status in _PERMANENT_REDIRECTS

    def header(self, name: str) -> str | None:
        """Return the value of the first header of this name, given in lower case."""
        for key, value in self.headers:
            if key == name:
                return value
        return None


class Wheel(Struct, frozen=True, kw_only=True):
    """What a wheel says of itself: dist-info directory, METADATA, WHEEL."""

    name: str
    """As in METADATA."""
    version: str
    tags: tuple[str, ...]
    """The `Tag` lines of WHEEL, expanded, sorted."""
    tags_as_written: tuple[str, ...] = ()
    """The same in the order of the lines, which most often is that of the file name."""
    build: str | None
    stem: str
    """The dist-info directory's name without `.dist-info`."""
    members: int
    metadata_sha256: str | None = None
    """Of the METADATA in it, in hex; `None` if it was not computed."""


class Library(Struct, frozen=True, kw_only=True):
    """What a shared library, an extension module or a program in ELF asks of the machine that loads it."""

    path: str
    """Within the wheel."""
    machine: str
    """As tags of Linux have it: `x86_64`; any other with class and byte order, `mips-32be`."""
    soname: str | None = None
    needed: tuple[str, ...] = ()
    """Names of the libraries that it is linked with, in their order."""
    rpath: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()
    """Directories to look in for them, as they are written: `$ORIGIN/../demo.libs`."""
    versions: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Of each library the versions of symbols without which it is not loaded: `libc.so.6`, `GLIBC_2.34`."""
    offered: tuple[str, ...] = ()
    """Versions that its own symbols have; never kept of a wheel."""
    compilers: tuple[str, ...] | None = None
    """What `.comment` says: `GCC: (Debian 12.2.0-14) 12.2.0`; `None` if it was not at hand."""
    is_extension: bool = False
    """Whether it has what Python looks for in an extension module."""
    numpy: str | None = None
    """Of what uses NumPy's C API: `1` if it was built with headers of 1.x, else the oldest NumPy that it is for."""


class Libraries(Struct, frozen=True, kw_only=True):
    """The libraries, extension modules and programs in a wheel."""

    found: tuple[Library, ...] = ()
    """Those in ELF, in the order of the archive."""
    not_read: int = 0
    """How many in ELF could not be read, or were beyond a limit."""
    others: int = 0
    """How many are Mach-O or PE, which are not read."""


class Sdist(Struct, frozen=True, kw_only=True):
    """What a source distribution says of itself: PKG-INFO nearest the top."""

    name: str | None
    """`None` if there is no PKG-INFO."""
    version: str | None
    format: str
    """`tar.gz`, `tar.bz2`, `tar.xz`, `tar` or `zip`."""
    top: str | None
    """The single directory at the top of the archive, if there is one: `demo-1.0`."""


class Metadata(Struct, frozen=True, kw_only=True):
    """A METADATA file that is served beside a wheel (PEP 658)."""

    name: str
    version: str


class Link(Struct, frozen=True, kw_only=True):
    """A link of an index page."""

    url: str
    """As written, without fragment; may be relative."""
    filename: str
    hashes: tuple[tuple[str, str], ...] = ()
    """Algorithm and hex digest, in the order written."""
    metadata_hashes: tuple[tuple[str, str], ...] | None = None
    """Digests of `<url>.metadata` (PEP 658, 714); empty if it is served without one, `None` if it is not served."""


class Page(Struct, frozen=True, kw_only=True):
    """An index page (PEP 503, 691), or a page of links."""

    name: str | None
    """The project as the page names it; `None` for a page of links."""
    format: str
    """`json` or `html`."""
    is_index: bool
    """Whether it is a page of one project, not just any page with links."""
    links: tuple[Link, ...] = ()
    base: str | None = None
    """`<base href>`, if there is one."""


class Origin(Struct, frozen=True, kw_only=True):
    """An `origin.json` beside a built wheel: a direct URL (PEP 610)."""

    url: str
    is_directory: bool
    """Whether it has `dir_info`: built from a local directory."""
    hashes: tuple[tuple[str, str], ...] = ()
    """Of the archive; algorithm and hex digest."""
    vcs: str | None = None
    commit: str | None = None
    requested_revision: str | None = None
    """The branch, tag or commit that was asked for."""
    subdirectory: str | None = None


class Selfcheck(Struct, frozen=True, kw_only=True):
    """What pip remembers of its last look for a newer pip."""

    environments: tuple[str, ...]
    """`sys.prefix` of each environment named."""
    last_check: str | None
    pip_version: str | None


class PayloadFormat(str, Enum):
    """What a payload is by its first bytes."""

    ZIP = "zip"
    TAR = "tar"
    """Compressed or not."""
    METADATA = "metadata"
    PAGE = "page"
    EMPTY = "empty"
    OTHER = "other"


Payload = Wheel | Sdist | Metadata | Page | Unknown | Broken


class WheelMetadata(Struct, frozen=True, kw_only=True):
    """The METADATA in the wheel that a cached `.metadata` belongs to."""

    sha256: str
    """In hex."""
    is_proven: bool
    """Whether the wheel is proven to be the one that was published."""


class Expected(Struct, frozen=True, kw_only=True):
    """What the rest of the cache says that a payload should be."""

    published: tuple[tuple[str, str], ...] = ()
    """Algorithm and hex digest, as the index published them; several by one algorithm if pages disagree."""
    in_path: str | None = None
    """BLAKE2b-256 in hex, if the URL has the form of one that a file host makes of it."""
    hosts: tuple[str, ...] = ()
    """`https://host` of every file host that pages of the cache link to."""
    wheel_metadata: WheelMetadata | None = None
    """Of metadata: what the wheel itself holds, if that is cached as well."""


class Published(Struct, frozen=True, kw_only=True):
    """What one page publishes of a payload; or the digest of a response itself."""

    page: str
    """Id of the page, or the response."""
    url: str | None
    """Of it, if it is known."""
    written_s: int | None
    """Its `Date` in seconds since 1970."""
    hashes: tuple[tuple[str, str], ...]
    """Algorithm and hex digest, in the order of the page."""


class SourceNow(Struct, frozen=True, kw_only=True):
    """What the cache says now of the URL that a wheel was built from."""

    responses: tuple[Published, ...] = ()
    """Those under that URL which are sound sources, as far as that can be told; the newest first."""
    pages: tuple[Published, ...] = ()
    """What each page publishes of it; the newest first."""
    is_linked_without_digest: bool = False
    """Whether a page links it, and publishes no digest."""


class Redirects(Struct, frozen=True, kw_only=True):
    """What pip meets if it follows a redirect, as long as the cache answers."""

    count: int
    """Redirects one after the other, this one among them, up to those that form a circle."""
    circle: int
    """How many form a circle; 0 if none do."""
    is_in_circle: bool
    """Whether this one is among those; then they are all that it meets, and `count` is 0."""


class Facts(Struct, frozen=True, kw_only=True):
    """All that was read of one entry; `None` stands for not read, or not there."""

    head: Head | Broken | None = None
    payload: Payload | None = None
    body_size: int | None = None
    """Length in bytes of the stored payload."""
    origin: Origin | Broken | None = None
    selfcheck: Selfcheck | Broken | None = None
    format: PayloadFormat | None = None
    """What the payload's first bytes, and its head, say that it is."""
    is_read_whole: bool = False
    """Whether the archive was read to its end."""
    damage: Broken | Unknown | None = None
    """What reading it to its end showed: `Broken`, or `Unknown` where it could not be told."""
    libraries: Libraries | None = None
    """Of a built wheel that was read to its end and is whole; `None` stands for not read."""
    published: tuple[tuple[str, str], ...] = ()
    """Digests of the payload that the index published; several by one algorithm if pages disagree."""
    pages: tuple[Published, ...] = ()
    """What each page publishes, the newest first and those without a date before it, if it is not the same."""
    redirects: Redirects | None = None
    """Of a redirect: what it leads to, as far as the cache tells."""
    source: SourceNow | None = None
    """Of a built wheel: what the cache says now of the URL that it was built from, responses only from
    `Depth.SOURCES` on; `None` if it was not looked at."""
    wheel_metadata: WheelMetadata | None = None
    """Of metadata: what the wheel itself holds, if that is cached as well."""
    digests: tuple[tuple[str, str], ...] = ()
    """Digests of the payload as it is stored, of those that something can be held against."""
