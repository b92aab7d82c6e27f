"""Which entries hold what a lock names: its files, the metadata beside them, and what was built from them."""

import pytest

from pipcacheplus.model.locks import LockedFile, LockedPackage
from pipcacheplus.model.values import Brief, Kind, Shape
from pipcacheplus.plan.needed import Needed

WHEEL = "https://files.example/demo-1.0-py3-none-any.whl"
SDIST = "https://files.example/demo-1.0.tar.gz"
LOCKED = LockedPackage("demo", "1.0", (LockedFile("demo-1.0-py3-none-any.whl", WHEEL, "00"),))
WITH_SDIST = LOCKED._replace(files=(*LOCKED.files, LockedFile("demo-1.0.tar.gz", SDIST)))


def brief(
    kind: Kind,
    *,
    url: str | None = None,
    filename: str | None = None,
    project: str | None = "demo",
    version: str | None = "1.0",
) -> Brief:
    shape = Shape.BUILT_WHEEL if kind is Kind.BUILT_WHEEL else Shape.PAIR
    return Brief("id", shape, kind, project, version, filename, url, url, (), None, 1, 1, 1, 1, 1, 1)


@pytest.mark.parametrize(
    ("package", "entry", "fits"),
    [
        (LOCKED, brief(Kind.WHEEL, filename="demo-1.0-py3-none-any.whl"), True),
        (LOCKED, brief(Kind.WHEEL, filename="demo-1.0-cp311-cp311-win32.whl"), False),
        (LOCKED, brief(Kind.WHEEL, filename="demo-1.0-py3-none-any.whl", version="1.0.0"), True),
        (LOCKED, brief(Kind.WHEEL, filename="demo-2.0-py3-none-any.whl", version="2.0"), False),
        (LOCKED, brief(Kind.WHEEL, filename=None), True),
        (LOCKED, brief(Kind.METADATA, filename="demo-1.0-py3-none-any.whl.metadata"), True),
        (LOCKED, brief(Kind.METADATA, url=WHEEL + ".metadata", project=None, version=None), True),
        (LOCKED, brief(Kind.SDIST, filename="demo-1.0.tar.gz", url=SDIST), False),
        (LOCKED, brief(Kind.BUILT_WHEEL, url=SDIST), False),
        (LOCKED, brief(Kind.BUILT_WHEEL), False),
        (LOCKED, brief(Kind.INDEX_PAGE, version=None), False),
        (WITH_SDIST, brief(Kind.SDIST, filename="demo-1.0.tar.gz"), True),
        (WITH_SDIST, brief(Kind.BUILT_WHEEL, url=SDIST + "#sha256=00"), True),
        (WITH_SDIST, brief(Kind.BUILT_WHEEL), True),
        (WITH_SDIST, brief(Kind.BUILT_WHEEL, url="https://files.example/demo-1.0.zip"), False),
        (LockedPackage("demo", "1.0"), brief(Kind.WHEEL, version="1.0+cu118"), True),
        (LockedPackage("demo", "1.0+cpu"), brief(Kind.WHEEL, version="1.0+cu118"), False),
        (LockedPackage("demo"), brief(Kind.SDIST, version="7"), True),
        (LockedPackage("demo", "1.0"), brief(Kind.BUILT_WHEEL), True),
        (LockedPackage("demo", "1.0", (LockedFile(sha256="00"),)), brief(Kind.WHEEL, filename="x.whl"), True),
        (LockedPackage("demo", "1.0", (LockedFile(url=SDIST),)), brief(Kind.BUILT_WHEEL, url=SDIST), True),
        (LockedPackage("other", "1.0"), brief(Kind.WHEEL), False),
    ],
)  # fmt: skip
def test_an_entry_holds_what_a_lock_names(package: LockedPackage, entry: Brief, *, fits: bool) -> None:
    needed = Needed([package])
    assert needed.fits(entry) is fits
    assert needed.locked == (1, 0 if fits else 1)


def test_several_locks_need_the_union() -> None:
    other = LOCKED._replace(files=(LockedFile("demo-1.0-cp311-cp311-win32.whl"),))
    needed = Needed([LOCKED, other])
    assert needed.fits(brief(Kind.WHEEL, filename="demo-1.0-py3-none-any.whl"))
    assert needed.locked == (2, 1)
    assert needed.fits(brief(Kind.WHEEL, filename="demo-1.0-cp311-cp311-win32.whl"))
    assert needed.locked == (2, 0)
