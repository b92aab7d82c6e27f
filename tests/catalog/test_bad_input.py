"""Too much of anything: it ends in time and within a bound of memory, is told twice the same, and takes nothing sound.

A default run meets each kind in a size that tells linear from quadratic; a drill meets it whole.
"""

import json
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

import pytest

from tests.catalog.mixtures import HOST, SOUND, html, made, plain
from tests.deletion.walled import Ran, Walled
from tests.readers import archives
from tests.support.builders import FILE_URL, INDEX_URL, Cache, file_headers
from tests.support.drill import IS_DRILL
from tests.support.pages import link, page
from tests.support.stored import leaf, response

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of memory and /proc are those of Linux")

MEMORY_BYTES = 400 << 20
TIME_S = 900 if IS_DRILL else 60
LATER_S = 600
STAYS = ("wheel without a page", "wheel in one file", "built wheel", "sdist", "self-check")
"""Of what `mixtures` has, what no reason takes."""
PRUNE = (
    "prune",
    *(
        f"--{reason}"
        for reason in ("corrupt", "partial", "stale", "incompatible", "outdated-builds", "unsafe", "orphaned")
    ),
)


def size(whole: int, part: int) -> int:
    """Return how many: all in a drill, else a telling part."""
    return whole if IS_DRILL else part


def _tags(count: int) -> str:
    """Return a set of tags that stands for the third power of a number of them."""
    parts = ".".join(f"p{number}" for number in range(count))
    return f"{parts}-{parts}-{parts}"


def _with_tags(name: str, lines: Iterable[str]) -> bytes:
    """Return a wheel with these lines in WHEEL."""
    written = "".join(f"Tag: {line}\n" for line in lines).encode()
    head = b"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\n"
    return archives.zipped(archives.files_of(name, wheel=head + written))


def _named_after_a_million_tags(cache: Cache) -> None:
    letters = ".".join("0123456789abcdefghijklmnopqrstuvwxyzABCD")  # as many as a file name can hold
    folder = cache.directory(leaf(f"{FILE_URL}/wide-1.0.tar.gz"))
    cache.write(f"{folder}/wide-1.0-{letters}-{letters}-{letters}.whl", made(cache, "wide"))


def _a_million_tags_inside(cache: Cache) -> None:
    content = _with_tags("wide", [_tags(100)])
    cache.http_v2(f"{FILE_URL}/wide-1.0-py3-none-any.whl", content, headers=plain(content))
    cache.built_wheel("wide", content=content)


def _many_lines_of_a_million_tags(cache: Cache) -> None:
    content = _with_tags("wide", [_tags(100)] * size(1000, 100))
    cache.http_v2(f"{FILE_URL}/wide-1.0-py3-none-any.whl", content, headers=plain(content))
    cache.built_wheel("wide", content=content)


def _a_million_lines_of_tags(cache: Cache) -> None:
    content = _with_tags("wide", (f"py3-none-p{number}" for number in range(size(1_000_000, 50_000))))
    cache.http_v2(f"{FILE_URL}/wide-1.0-py3-none-any.whl", content, headers=plain(content))
    cache.built_wheel("wide", content=content)


def _ten_thousand_sets(cache: Cache) -> None:
    content = made(cache, "wide")
    for number in range(size(10_000, 100)):
        folder = cache.directory(leaf(f"{FILE_URL}/wide-{number}.tar.gz"))
        tag = f"py3-none-{'.'.join(f'p{number}x{one}' for one in range(9))}"
        cache.write(f"{folder}/wide-1.0-{tag}.whl", content)


def _links(count: int) -> Iterator[str]:
    return (f"../../files/big-1.0.{number}-py3-none-any.whl#sha256={number:064x}" for number in range(count))


def _page_of_links(cache: Cache) -> None:
    html(cache, f"{INDEX_URL}big/", *_links(size(1_000_000, 20_000)))


def _page_of_absolute_links(cache: Cache) -> None:
    html(cache, f"{INDEX_URL}big/", *(f"{HOST}/{href[6:]}" for href in _links(size(1_000_000, 20_000))))


def _page_of_json(cache: Cache) -> None:
    links = (link(f"../../files/b{number}.whl") for number in range(size(600_000, 10_000)))
    page(cache, f"{INDEX_URL}big/", "big", links)


def _page_of_metadata(cache: Cache) -> None:
    links = (link(f"{FILE_URL}/b{n}.whl", **{"core-metadata": True}) for n in range(size(500_000, 10_000)))
    page(cache, f"{INDEX_URL}big/", "big", links)
    for number in range(size(10_000, 200)):
        cache.http_v2(f"{FILE_URL}/b{number}.whl.metadata", b"Metadata-Version: 2.1\nName: b\nVersion: 1\n")


def _metadata_of_metadata(cache: Cache) -> None:
    names = ["m.whl" + ".metadata" * number for number in range(size(500, 60))]
    page(cache, f"{INDEX_URL}m/", "m", (link(f"{FILE_URL}/{name}", **{"core-metadata": True}) for name in names))
    for name in names:
        cache.http_v2(f"{FILE_URL}/{name}", b"Metadata-Version: 2.1\nName: m\nVersion: 1\n")


def _one_link_a_thousand_times(cache: Cache) -> None:
    content = made(cache, "one")
    url = f"{FILE_URL}/one-1.0-py3-none-any.whl"
    cache.http_v2(url, content, headers=plain(content))
    for number in range(size(1000, 60)):
        files = [link(url, hashes={"sha256": f"{number:064x}"}, **{"core-metadata": True})] * size(1000, 60)
        page(cache, f"https://mirror{number}.example/simple/one/", "one", files)


def _one_source_a_thousand_times(cache: Cache) -> None:
    for number in range(size(100, 10)):
        cache.built_wheel("one", url=f"{FILE_URL}/other{number}", has_origin=False)
    page(
        cache, f"{INDEX_URL}one/", "one", (link(f"{FILE_URL}/{n}/one-1.0.tar.gz") for n in range(size(200_000, 2_000)))
    )


def _crowd(cache: Cache, count: int = 1_000_000) -> None:
    """Store sound responses by the million in one directory, as no pip does: names of a pair that no digest has."""
    folder = cache.real(cache.directory("http-v2/a/a/a/a/a"))
    head, body = response(b"", file_headers(b"x"), has_strict=False), b"x"
    for number in range(size(count, 2_000) // 2):
        name = f"{folder}/aaaaa{number:051x}"
        for path, content in ((name, head), (f"{name}.body", body)):
            descriptor = os.open(path, os.O_CREAT | os.O_WRONLY)
            os.write(descriptor, content)
            os.close(descriptor)
            os.utime(path, (1e9, 1e9))


def _crowd_of_halves(cache: Cache) -> None:
    folder = cache.real(cache.directory("http-v2/a/a/a/a/a"))
    for number in range(size(100_000, 1_000)):
        Path(f"{folder}/aaaaa{number:051x}").touch()
        os.utime(f"{folder}/aaaaa{number:051x}", (1e9, 1e9))


def _long_headers(cache: Cache) -> None:
    headers = file_headers(b"x") | {f"X-{number}": "v" * 60_000 for number in range(1000)}
    cache.http_v2(f"{FILE_URL}/long", b"x", headers=headers)
    cache.http(f"{FILE_URL}/long", b"x", headers=headers)
    cache.http(f"{FILE_URL}/longer", b"x", headers=headers, cc=2)


def _long_names_in_headers(cache: Cache) -> None:
    content = made(cache, "wide")
    headers = plain(content) | dict.fromkeys(("x-pypi-file-project", "x-pypi-file-version"), "n" * 60_000)
    for number in range(size(1000, 50)):
        cache.http_v2(f"{FILE_URL}/{number}", content, headers=headers)


def _strange_names(cache: Cache) -> None:
    content = made(cache, "wide")
    for name in (
        "x\n-1.0-py3-none-any.whl",
        "\udcff-1.0-py3-none-any.whl",
        "é-1\r.0-py3-none-any.whl",
        "\x1b[2J-1-py3-none-any.whl",
    ):
        cache.write(f"{cache.directory(leaf(f'{FILE_URL}/{name!a}'))}/{name}", content)
    for number, name in enumerate(("a\nb", "\ud800", "\udcff", "\x00", "../..", "'; DROP TABLE entry; --")):
        headers = plain(content) | {"x-pypi-file-project": name, "x-pypi-file-version": name}
        if "\ud800" not in name and "\udcff" not in name:
            cache.http_v2(f"{FILE_URL}/strange{number}", content, headers=headers)
        files = [link(f"{name}-1.0-py3-none-any.whl"), link(f"{FILE_URL}/{name}.tar.gz", hashes={name: name})]
        page(cache, f"{INDEX_URL}strange{number}/", name, files)
        page(cache, f"{INDEX_URL}{number}/", name, [link(f"{FILE_URL}/strange{number}", hashes={"sha256": name})])
    cache.write("http-v2/\udcff\n")


def _bases(cache: Cache) -> None:
    bases = (
        "data:text/html,x",
        "data:",
        "",
        "#",
        "?",
        ".",
        f"{INDEX_URL}base/",
        "//",
        "http://[",
        "javascript:1",
        "\\\\x",
        "a" * 100_000,
    )
    for number, base in enumerate(bases):
        html(cache, f"{INDEX_URL}base{number}/", "x-1.0-py3-none-any.whl", "", "#", "?", base=base)
    html(cache, f"{INDEX_URL}base/", "x-1.0-py3-none-any.whl", base=f"{INDEX_URL}base/")


def _redirects_in_circles(cache: Cache) -> None:
    count = size(1000, 100)
    for number in range(count):
        there = f"{INDEX_URL}round{(number + 1) % count}/"
        cache.http_v2(f"{INDEX_URL}round{number}/", status=301, headers={"Location": there})
    cache.http_v2(f"{INDEX_URL}self/", status=301, headers={"Location": "."})
    for name in ("round0", "round7", "self"):
        cache.built_wheel(name)


def _chain_of_redirects(cache: Cache) -> None:
    count = size(1000, 200)
    cache.built_wheel("chain")
    cache.http_v2(f"{INDEX_URL}chain/", status=301, headers={"Location": f"{HOST}/a/0/"})
    for number in range(count):
        cache.http_v2(f"{HOST}/a/{number}/", status=301, headers={"Location": f"../{number + 1}/"})
    html(cache, f"{HOST}/a/{count}/", "chain-1.0-py3-none-any.whl")
    cache.http_v2(f"{HOST}/a/{count}/chain-1.0-py3-none-any.whl", made(cache, "chain"))


def _pages_that_link_themselves(cache: Cache) -> None:
    html(cache, f"{INDEX_URL}self/", *[f"{INDEX_URL}self/", "../self/", ".", "", "#x"] * size(10_000, 500))
    html(cache, f"{INDEX_URL}one/", "../two/")
    html(cache, f"{INDEX_URL}two/", "../one/")
    cache.built_wheel("one")
    cache.built_wheel("self")


def _chain_of_pages(cache: Cache) -> None:
    cache.built_wheel("chain")
    for number in range(size(1000, 100)):
        html(cache, f"{INDEX_URL}chain/" + (f"{number}/" if number else ""), f"../{number + 1}/" if number else "1/")


def _pages_that_link_all_pages(cache: Cache) -> None:
    count = size(500, 60)
    cache.built_wheel("all0")
    for number in range(count):
        html(cache, f"{INDEX_URL}all{number}/", *(f"../all{other}/" for other in range(count)))


def _many_names(cache: Cache) -> None:
    for number in range(size(20_000, 200)):
        cache.http_v2(f"{FILE_URL}/{number}", b"x", headers=file_headers(b"x", project=f"name{number}", version="1"))


KINDS: dict[str, Callable[[Cache], object]] = {
    "a wheel that is named after a million tags": _named_after_a_million_tags,
    "a wheel for a million tags": _a_million_tags_inside,
    "a wheel with many lines for a million tags each": _many_lines_of_a_million_tags,
    "a wheel with a million lines of tags": _a_million_lines_of_tags,
    "ten thousand different sets of tags": _ten_thousand_sets,
    "a page of a million relative links": _page_of_links,
    "a page of a million absolute links": _page_of_absolute_links,
    "a page of JSON with a million links": _page_of_json,
    "a page with a million links to metadata": _page_of_metadata,
    "metadata of metadata": _metadata_of_metadata,
    "a thousand pages with a thousand digests of one file": _one_link_a_thousand_times,
    "a source with a hundred thousand links": _one_source_a_thousand_times,
    "a million files in one directory": _crowd,
    "a hundred thousand files in one directory": lambda cache: _crowd(cache, 100_000),
    "a hundred thousand halves in one directory": _crowd_of_halves,
    "heads of 60 megabytes": _long_headers,
    "names of 60 kilobytes in heads": _long_names_in_headers,
    "names with surrogates and line ends": _strange_names,
    "pages with bases that are none": _bases,
    "redirects in circles": _redirects_in_circles,
    "a chain of a thousand redirects": _chain_of_redirects,
    "pages that link themselves": _pages_that_link_themselves,
    "a chain of a thousand pages": _chain_of_pages,
    "pages that all link each other": _pages_that_link_all_pages,
    "twenty thousand names": _many_names,
}
_TOO_MANY = frozenset({"a million files in one directory"}) if IS_DRILL else frozenset[str]()


@pytest.fixture(scope="module")
def walled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walled]:
    with Walled(tmp_path_factory.mktemp("state"), memory_bytes=MEMORY_BYTES, time_s=TIME_S) as process:
        yield process


class Runs:
    """Commands on one cache, and what is wrong with how they ended."""

    def __init__(self, cache: Cache, walled: Walled, codes: Collection[int] = (0, 3)) -> None:
        self.problems: list[str] = []
        self._codes = codes
        self._cache = cache
        self._walled = walled

    def run(self, *arguments: str) -> Ran:
        """Run a command, a while after the cache was made."""
        command, *rest = arguments
        where = ("--cache-dir", str(self._cache.path), "--index-url", INDEX_URL)
        ran = self._walled.run(command, *where, *rest, later_s=LATER_S)
        if ran.status not in self._codes or "Traceback" in ran.err:
            self.problems.append(f"{arguments} ended with {ran.status} after {ran.taken_s:.0f} s: {ran.err[-1500:]}")
        if ran.peak_bytes > MEMORY_BYTES:
            self.problems.append(f"{arguments} took {ran.peak_bytes >> 20} MiB")
        return ran

    def expect_same(self, what: str, said: Ran, true: Ran) -> None:
        """Complain if two runs said something else."""
        if (said.status, said.out) != (true.status, true.out):
            self.problems.append(f"{what}: {_first_difference(said.out, true.out)}")


def _first_difference(one: str, other: str) -> str:
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return f"at {at}: {one[at - 200 : at + 200]!r}, not {other[at - 200 : at + 200]!r}"


def _files(cache: Cache) -> frozenset[str]:
    return frozenset(os.path.join(folder, name) for folder, _, names in os.walk(cache.path) for name in names)


def _would_go(ran: Ran) -> list[str]:
    return sorted(path for action in json.loads(ran.out)["actions"] for path in action["paths"]) if ran.out else []


@pytest.mark.timeout(7200 if IS_DRILL else 300)
@pytest.mark.parametrize("kind", KINDS)
def test_too_much_of_anything_ends_and_is_told_twice_the_same(kind: str, folder: Path, walled: Walled) -> None:
    cache = Cache(folder / "cache")
    KINDS[kind](cache)
    SOUND["wheel, published"](cache)
    SOUND["wheel, relative link"](cache)
    before = _files(cache)
    for sound in STAYS:
        SOUND[sound](cache)
    stays = _files(cache) - before
    # A directory with more names than are looked at is left alone with a warning, which is exit code 4.
    runs = Runs(cache, walled, (0, 3, 4) if kind in _TOO_MANY else (0, 3))
    for asked in (
        ("verify", "--format", "json"),
        ("verify", "--format", "json", "kind:wheel", "kind:built-wheel"),
        ("list", "--format", "json"),
        # Beside a pip of somebody else, other directories would stay.
        (*PRUNE, "--dry-run", "--exclusive", "--format", "json"),
    ):
        true = runs.run(*asked, "--no-ledger") if asked[0] != "list" else runs.run(*asked)
        for which in ("first", "second"):
            runs.expect_same(f"{asked}, {which} time", runs.run(*asked), true)
    runs.expect_same(
        "deep", runs.run("verify", "--format", "json", "--deep"), runs.run("verify", "--format", "json", "--no-ledger")
    )
    runs.run("info")
    would_go = _would_go(runs.run(*PRUNE, "--dry-run", "--exclusive", "--format", "json", "--no-ledger"))
    gone = _would_go(runs.run(*PRUNE, "--exclusive", "--format", "json"))
    if gone != would_go:
        runs.problems.append(
            f"prune removed {len(gone)} files and not the {len(would_go)} that it finds without memory"
        )
    if stays - _files(cache):
        runs.problems.append(f"prune took what is sound: {sorted(stays - _files(cache))}")
    if runs.problems:
        pytest.fail("\n".join(map(ascii, runs.problems)), pytrace=False)
