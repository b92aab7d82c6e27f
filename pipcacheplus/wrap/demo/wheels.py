"""Make small wheels in memory, each with a right RECORD."""

import base64
import hashlib
import zipfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import NamedTuple

__all__ = ["DemoWheel", "make_wheel"]

_DATE = (2024, 1, 1, 0, 0, 0)
_VALUE = b"42"
_DIGIT_BIT = 1
"""The bit that makes a `5` of the `4`."""


class DemoWheel(NamedTuple):
    """A wheel that an index can offer."""

    project: str
    filename: str
    content: bytes
    flipped_at: int
    """The offset in bytes of the digit to damage: it is part of the value in the module of the wheel."""

    @property
    def flipped(self) -> bytes:
        """Return the one byte that takes the place of the one at `flipped_at`: 42 becomes 52."""
        return bytes([self.content[self.flipped_at] ^ _DIGIT_BIT])


def make_wheel(project: str, *, tag: str = "py3-none-any", requires: Sequence[str] = ()) -> DemoWheel:
    """Make version 1.0 of a project; the same arguments give the same bytes.

    >>> import io, zipfile
    >>> wheel = make_wheel("demo-lib")
    >>> wheel.filename, zipfile.ZipFile(io.BytesIO(wheel.content)).testzip()
    ('demo_lib-1.0-py3-none-any.whl', None)
    >>> damaged = wheel.content[: wheel.flipped_at] + wheel.flipped + wheel.content[wheel.flipped_at + 1 :]
    >>> zipfile.ZipFile(io.BytesIO(damaged)).testzip()
    'demo_lib.py'
    """
    module = project.replace("-", "_")
    info = f"{module}-1.0.dist-info"
    needs = "".join(f"Requires-Dist: {one}\n" for one in requires)
    is_pure = "true" if tag.endswith("-any") else "false"
    text = b"VALUE = " + _VALUE + b"\n"
    members = {
        f"{module}.py": text,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.0\n{needs}".encode(),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: demo\nRoot-Is-Purelib: {is_pure}\nTag: {tag}\n".encode(),
    }
    content = _zipped({**members, f"{info}/RECORD": _record(members, f"{info}/RECORD")})
    # Stored, not compressed: the text stands there as it is, and one bit of it is one bit of the module.
    return DemoWheel(project, f"{module}-1.0-{tag}.whl", content, content.index(text) + text.index(_VALUE))


def _zipped(members: Mapping[str, bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for path, content in members.items():
            archive.writestr(zipfile.ZipInfo(path, _DATE), content)
    return out.getvalue()


def _record(members: Mapping[str, bytes], itself: str) -> bytes:
    rows = [f"{path},sha256={_digest(content)},{len(content)}\n" for path, content in members.items()]
    return "".join([*rows, f"{itself},,\n"]).encode()


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
