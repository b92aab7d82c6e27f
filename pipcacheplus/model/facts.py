"""Facts that readers find in an entry's bytes; never a judgement.

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
"""BLAKE2b-256, from which the file host makes the path of a file."""


class Depth(IntEnum):
    """The depth to which an entry is read."""

    NAMES = 0
    """No file is read: names and stamps only."""
    ENDS = 1
    """Heads, pages, and the parts of archives that name them."""
    SOURCES = 2
    """In addition, to their end, the sources in the cache of built wheels, and files of which pages publish different
    digests."""
    WHOLE = 3
    """Archives to their end."""


class Broken(Struct, frozen=True, kw_only=True):
    """Damaged bytes."""

    reason: str
    """One clause, without path and full stop: `ends inside the central directory`."""
    offset: int | None = None
    """Position in bytes from the start, if it is known."""
    is_cut: bool = False
    """Whether it looks like the beginning of undamaged data."""
    is_tolerated: bool = False
    """Whether pip uses it nevertheless: no pip compares the members of a wheel with its RECORD."""


class Unknown(Struct, frozen=True, kw_only=True):
    """Bytes that may be undamaged: a limit, or an unsupported feature, prevents a judgement."""

    reason: str


class Span(Struct, frozen=True, kw_only=True):
    """The place of the payload within the file of a one-file entry."""

    offset: int
    length: int


class Pickle(Struct, frozen=True, kw_only=True):
    """Names in the opcodes of a pickled entry (cc=1). It is never loaded."""

    calls: tuple[str, ...]
    """Dotted names that loading would import, sorted: `os.mkdir`."""
    is_plain: bool
    """Whether it holds only what pip itself writes there (plain data and its header class)."""
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
        """Whether pip stores it without its content, and never lets it expire: 301 from pip 6.1, 308 from 22.0 on."""
        return self.status in _PERMANENT_REDIRECTS

    def header(self, name: str) -> str | None:
        """Return the value of the first header of this name, given in lower case."""
        for key, value in self.headers:
            if key == name:
                return value
        return None


class Wheel(Struct, frozen=True, kw_only=True):
    """A wheel's own facts: dist-info directory, METADATA, WHEEL."""

    name: str
    """As in METADATA."""
    version: str
    tags: tuple[str, ...]
    """The `Tag` lines of WHEEL, expanded, sorted."""
    tags_as_written: tuple[str, ...] = ()
    """The same in the order of the lines, which is usually that of the file name."""
    build: str | None
    stem: str
    """The dist-info directory's name without `.dist-info`."""
    members: int
    metadata_sha256: str | None = None
    """SHA-256 of the METADATA in it, in hex; `None` if it was not computed."""


class Library(Struct, frozen=True, kw_only=True):
    """The requirements of a shared library, an extension module or a program in ELF on the machine that loads it."""

    path: str
    """Within the wheel."""
    machine: str
    """As in tags of Linux: `x86_64`; any other with class and byte order, `mips-32be`."""
    soname: str | None = None
    needed: tuple[str, ...] = ()
    """Names of the libraries that it is linked with, in file order."""
    rpath: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()
    """Directories in which the loader looks for them, as written: `$ORIGIN/../demo.libs`."""
    versions: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """For each library, the versions of symbols that it must have: `libc.so.6`, `GLIBC_2.34`."""
    offered: tuple[str, ...] = ()
    """Versions of its own symbols; never stored for a wheel."""
    compilers: tuple[str, ...] | None = None
    """The text of `.comment`: `GCC: (Debian 12.2.0-14) 12.2.0`; `None` if it was not read."""
    is_extension: bool = False
    """Whether it has the symbol that Python looks for in an extension module."""
    numpy: str | None = None
    """For users of NumPy's C API: `1` if built with headers of 1.x, otherwise the oldest NumPy that it is for."""


class Libraries(Struct, frozen=True, kw_only=True):
    """The libraries, extension modules and programs in a wheel."""

    found: tuple[Library, ...] = ()
    """Those in ELF, in the order of the archive."""
    not_read: int = 0
    """Number of ELF files that could not be read, or were beyond a limit."""
    others: int = 0
    """Number of Mach-O or PE files, which are not read."""


class Sdist(Struct, frozen=True, kw_only=True):
    """A source distribution's own facts: the PKG-INFO nearest the top."""

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
    """The branch, tag or commit that was requested."""
    subdirectory: str | None = None


class Selfcheck(Struct, frozen=True, kw_only=True):
    """A self-check: pip's stored time of its last look for a newer pip."""

    environments: tuple[str, ...]
    """`sys.prefix` of each environment named."""
    last_check: str | None
    pip_version: str | None


class PayloadFormat(str, Enum):
    """The format of a payload by its first bytes."""

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
    """Evidence in the rest of the cache about the correct payload."""

    published: tuple[tuple[str, str], ...] = ()
    """Algorithm and hex digest, as the index published them; several by one algorithm if pages disagree."""
    in_path: str | None = None
    """BLAKE2b-256 in hex, if the URL has the form of one that a file host makes of it."""
    hosts: tuple[str, ...] = ()
    """`https://host` of every file host that pages of the cache link to."""
    wheel_metadata: WheelMetadata | None = None
    """Of metadata: what the wheel itself holds, if that is cached as well."""


class Published(Struct, frozen=True, kw_only=True):
    """The digests that one page publishes for a payload, or those of a response itself."""

    page: str
    """Id of the page, or the response."""
    url: str | None
    """Its URL, if it is known."""
    written_s: int | None
    """Its `Date` in seconds since 1970."""
    hashes: tuple[tuple[str, str], ...]
    """Algorithm and hex digest, in the order of the page."""


class SourceNow(Struct, frozen=True, kw_only=True):
    """Present evidence in the cache about the URL that a wheel was built from."""

    responses: tuple[Published, ...] = ()
    """The responses under that URL that are undamaged sources by the present evidence; the newest first."""
    pages: tuple[Published, ...] = ()
    """The digests that each page publishes for it; the newest first."""
    is_linked_without_digest: bool = False
    """Whether a page links to it without a digest."""


class Redirects(Struct, frozen=True, kw_only=True):
    """The redirects that pip follows from one redirect within the cache."""

    count: int
    """Number of redirects in a row, including this one, up to those that form a circle."""
    circle: int
    """Number that form a circle; 0 if none do."""
    is_in_circle: bool
    """Whether this one is in the circle; then the circle is all there is, and `count` is 0."""


class Facts(Struct, frozen=True, kw_only=True):
    """All facts about one entry; `None` stands for not read, or absent."""

    head: Head | Broken | None = None
    payload: Payload | None = None
    body_size: int | None = None
    """Length in bytes of the stored payload."""
    origin: Origin | Broken | None = None
    selfcheck: Selfcheck | Broken | None = None
    format: PayloadFormat | None = None
    """The format of the payload by its first bytes and its head."""
    is_read_whole: bool = False
    """Whether the archive was read to its end."""
    damage: Broken | Unknown | None = None
    """The damage found by reading it to its end: `Broken`, or `Unknown` if it could not be judged."""
    libraries: Libraries | None = None
    """Of a built wheel that was read to its end and is whole; `None` stands for not read."""
    published: tuple[tuple[str, str], ...] = ()
    """Digests of the payload that the index published; several by one algorithm if pages disagree."""
    pages: tuple[Published, ...] = ()
    """The digests that each page publishes if they differ: pages without a date first, then the newest first."""
    redirects: Redirects | None = None
    """Of a redirect: the redirects that follow it in the cache."""
    source: SourceNow | None = None
    """Of a built wheel: present evidence about the URL that it was built from, responses only from `Depth.SOURCES` on;
    `None` if it was not examined."""
    wheel_metadata: WheelMetadata | None = None
    """Of metadata: what the wheel itself holds, if that is cached as well."""
    digests: tuple[tuple[str, str], ...] = ()
    """Digests of the payload as stored, for which a value to compare with exists."""
