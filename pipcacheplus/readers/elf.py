"""The dynamic part of ELF: the requirements of a library, an extension module or a program on its machine.

Records are taken apart by the structures of pyelftools; its own walks through a file are not used, as none of them has
bounds. Of a file at most `_MAX_RECORDS` records are read, some 40 µs each, and of all files of a wheel together as
many as its `Budget` grants; the stored facts are bounded by the same budget. Only the facts
are held: the caller that opens the file decides how much of it is in memory.

The use of NumPy's C API is recognised by traces of `import_array()` in a binary (`numpy/__multiarray_api.h`; built
with the headers of 1.26.4 and 2.2.0, and imported under both):

- The check of the ABI has a message of its own, "module compiled against ABI version ". Without it, nothing is known:
  pybind11 and others reach the API in ways of their own, and are not judged.
- The headers of 2.0 and later look for `numpy._core._multiarray_umath` first, and name in a message the oldest NumPy
  for which the module was built: "(NumPy 1.20) but the running NumPy". Such a module runs under all later ones too.
- The headers of 1.x look for `numpy.core` alone: such a module cannot be imported under 2.0 and later. Which older 1.x
  it would run under does not follow from its strings, and is not judged.

Sources: the System V ABI, chapters 4 and 5; the Linux Standard Base 5.0 on symbol versions; `elf.h` of glibc 2.36.
"""

import io
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, BinaryIO

from pipcacheplus.disk.file_content import read_at
from pipcacheplus.model.facts import Broken, Library, Unknown

__all__ = [
    "MAGIC",
    "NUMPY_CHECK",
    "NUMPY_TWO",
    "Budget",
    "NotHeldError",
    "dynamic_span",
    "import_structures",
    "numpy_minimum",
    "read_elf",
]

MAGIC = b"\x7fELF"
NUMPY_CHECK = b"module compiled against ABI version "
NUMPY_TWO = b"numpy._core._multiarray_umath\0"
_NUMPY = b"(NumPy "
_NUMPY_MINIMUM = re.compile(rb"\(NumPy (\d{1,3}\.\d{1,3})\+?\) but the running NumPy")

_MAX_SEGMENTS = 256
_MAX_RECORDS = 8192
_MAX_NAME_BYTES = 4096
_USUAL_NAME_BYTES = 128
_MAX_NAMES = 512
"""Limit for each: needed libraries, versions of one of them."""
_MAX_SECTIONS = 2048
_MAX_SECTION_NAMES = 64 << 10
_MAX_COMMENT_BYTES = 4096
_MAX_COMPILERS = 8
_MAX_STRINGS_BYTES = 16 << 20
"""Most of a table of strings that is searched for the entry of an extension module."""
_HEADER_BYTES = {32: 52, 64: 64}
_DYNAMIC_BYTES = {32: 8, 64: 16}
_SEGMENT_BYTES = {32: 32, 64: 56}
_SECTION_BYTES = {32: 40, 64: 64}
_BITS = {1: 32, 2: 64}
_LITTLE, _BIG = 1, 2
_WEAK = 2
"""VER_FLG_WEAK: the loader does without such a version."""
_BASE = 1
"""VER_FLG_BASE: the name of the file itself, and no version."""
_ENTRIES = (b"\0PyInit_", b"\0Py_InitModule")
"""Symbols that an extension module exports from Python 3.0 on, and imports before."""
_MACHINES = {
    ("EM_X86_64", 64, True): "x86_64",
    ("EM_386", 32, True): "i686",
    ("EM_AARCH64", 64, True): "aarch64",
    ("EM_ARM", 32, True): "arm",
    ("EM_PPC64", 64, True): "ppc64le",
    ("EM_PPC64", 64, False): "ppc64",
    ("EM_S390", 64, False): "s390x",
    ("EM_RISCV", 64, True): "riscv64",
    ("EM_LOONGARCH", 64, True): "loongarch64",
}


class NotHeldError(Exception):
    """Bytes were requested that the caller which opened the file does not hold."""


class _BrokenError(Exception):
    """The record contradicts itself."""


class Budget:
    """The number of records and characters that may still be read and stored for the files of a wheel."""

    def __init__(self, *, records: int = 65_536, characters: int = 1 << 20) -> None:
        """Take the number of records, and of characters of names."""
        self.records = records
        self.characters = characters

    def take(self, name: str) -> str:
        """Return a name that is to be stored.

        Raises:
            NotHeldError: There are too many already.
        """
        self.characters -= len(name)
        if self.characters < 0:
            raise NotHeldError
        return name

    def look(self) -> None:
        """Count a record.

        Raises:
            NotHeldError: There are too many already.
        """
        self.records -= 1
        if self.records < 0:
            raise NotHeldError


def read_elf(
    file: BinaryIO,
    size: int,
    *,
    path: str,
    budget: Budget | None = None,
    numpy: str | None = None,
    is_offered: bool = False,
) -> Library | Broken | Unknown:
    """Read the requirements of one file.

    Args:
        file: Seekable.
        size: Its length in bytes.
        path: Path of the file for the facts.
        budget: The remaining budget; that of one file by default.
        numpy: Its use of NumPy's C API, if known.
        is_offered: Whether the versions of its own symbols are read as well.

    Returns:
        `Broken` for a file that no loader would load, or that is not ELF; `Unknown` beyond a limit.

    Raises:
        OSError: The file cannot be read.
    """
    from elftools.common.exceptions import ELFError  # noqa: PLC0415 - slow to import, and of use to few

    try:
        return _Reading(file, size, budget or Budget(records=_MAX_RECORDS)).library(path, numpy, is_offered=is_offered)
    except _BrokenError as error:
        return Broken(reason=str(error))
    except ELFError:
        return Broken(reason="ends inside a record of ELF", is_cut=True)
    except NotHeldError:
        return Unknown(reason="library is beyond the limits of reading")


def numpy_minimum(text: bytes) -> str | None:
    """Return the oldest NumPy for which a module was built, if its strings name it: `1.20`."""
    found = _NUMPY_MINIMUM.search(text) if _NUMPY in text else None  # which takes a tenth of the time
    return found[1].decode("ascii") if found is not None else None


def dynamic_span(front: bytes) -> tuple[int, int] | None:
    """Return offset and length of the dynamic section, by the front of a file; `None` if they are not there."""
    from elftools.common.exceptions import ELFError  # noqa: PLC0415 - as above

    try:
        return _Reading(io.BytesIO(front), len(front), Budget(records=_MAX_SEGMENTS)).dynamic
    except (ELFError, NotHeldError, _BrokenError):
        return None


def import_structures() -> None:
    """Import now the modules that reading needs: a process that becomes another user may not be able to later."""
    _structures(64, is_little=True)


@cache
def _structures(bits: int, *, is_little: bool) -> Any:  # noqa: ANN401 - not all versions of pyelftools have types
    from elftools.elf.structs import ELFStructs  # noqa: PLC0415 - slow to import, and of use to few

    made = ELFStructs(little_endian=is_little, elfclass=bits)
    made.create_basic_structs()
    # Machines and systems add numbers of their own, which are not used here.
    made.create_advanced_structs("ET_DYN", "EM_NONE", "ELFOSABI_SYSV")
    return made


class _Reading:
    """One file, of which records are read one by one."""

    def __init__(self, file: BinaryIO, size: int, budget: Budget) -> None:
        self._file = file
        self._size = size
        self._budget = budget
        identity = read_at(file, 0, 16)
        if identity[:4] != MAGIC:
            reason = "not an ELF file"
            raise _BrokenError(reason)
        if len(identity) < 16 or identity[4] not in _BITS or identity[5] not in {_LITTLE, _BIG}:  # noqa: PLR2004 - as requested above
            reason = "an ELF file of no known class or byte order"
            raise _BrokenError(reason)
        self._bits, self._is_little = _BITS[identity[4]], identity[5] == _LITTLE
        self._structures = _structures(self._bits, is_little=self._is_little)
        self._header = self._record(self._structures.Elf_Ehdr, 0, _HEADER_BYTES[self._bits])
        self._segments = [segment for segment in self._all_segments() if segment["p_type"] in {"PT_LOAD", "PT_DYNAMIC"}]

    @property
    def dynamic(self) -> tuple[int, int] | None:
        """Return where the dynamic section lies in the file."""
        for segment in self._segments:
            if segment["p_type"] == "PT_DYNAMIC":
                return segment["p_offset"], segment["p_filesz"]
        return None

    def library(self, path: str, numpy: str | None, *, is_offered: bool) -> Library:
        """Return the facts."""
        tags = self._tags()
        strings = self._offset_of(tags["DT_STRTAB"][0]) if "DT_STRTAB" in tags else 0
        take = self._budget.take

        def texts(tag: str) -> tuple[str, ...]:
            return tuple(take(self._text(strings + value)) for value in tags.get(tag, ())[:_MAX_NAMES])

        def folders(tag: str) -> tuple[str, ...]:
            return tuple(part for text in texts(tag) for part in text.split(":") if part)

        needed_versions = tuple(self._needed_versions(tags, strings))
        return Library(
            path=take(path),
            machine=self._machine(),
            soname=next(iter(texts("DT_SONAME")), None),
            needed=texts("DT_NEEDED"),
            rpath=folders("DT_RPATH"),
            runpath=folders("DT_RUNPATH"),
            versions=needed_versions,
            offered=tuple(self._offered(tags, strings)) if is_offered else (),
            compilers=self._compilers(),
            is_extension=self._is_extension(strings, tags.get("DT_STRSZ", [0])[0]) if strings else False,
            numpy=numpy,
        )

    def _machine(self) -> str:
        machine = self._header["e_machine"]
        known = _MACHINES.get((machine, self._bits, self._is_little))
        order = "le" if self._is_little else "be"
        return known or f"{str(machine).removeprefix('EM_').lower()}-{self._bits}{order}"

    def _record(self, structure: Any, offset: int, length: int) -> Any:  # noqa: ANN401 - as pyelftools has them
        from elftools.common.utils import struct_parse  # noqa: PLC0415 - slow to import, and of use to few

        self._budget.look()
        if offset < 0 or offset + length > self._size:
            reason = "a record lies beyond the end of the file"
            raise _BrokenError(reason)
        # `struct_parse` treats every exception of a file as a fault of the record.
        return struct_parse(structure, io.BytesIO(self._bytes(offset, length)), 0)

    def _all_segments(self) -> Iterator[Any]:
        count, start, step = self._header["e_phnum"], self._header["e_phoff"], self._header["e_phentsize"]
        length = _SEGMENT_BYTES[self._bits]
        if count and step != length:
            reason = "segments of another length than their class has"
            raise _BrokenError(reason)
        if count > _MAX_SEGMENTS:
            raise NotHeldError
        return (self._record(self._structures.Elf_Phdr, start + at * length, length) for at in range(count))

    def _tags(self) -> dict[str, list[int]]:
        """Return the values of the dynamic section, by tag; of a file without one, none."""
        found: dict[str, list[int]] = {}
        span = self.dynamic
        if span is None:
            return found
        start, length = span
        step = _DYNAMIC_BYTES[self._bits]
        for at in range(length // step):
            record = self._record(self._structures.Elf_Dyn, start + at * step, step)
            if record["d_tag"] == "DT_NULL":
                break
            if at >= _MAX_RECORDS:
                raise NotHeldError
            found.setdefault(str(record["d_tag"]), []).append(record["d_val"])
        if len(found.get("DT_NEEDED", ())) > _MAX_NAMES:
            raise NotHeldError
        return found

    def _offset_of(self, address: int) -> int:
        for segment in self._segments:
            inside = address - segment["p_vaddr"]
            if segment["p_type"] == "PT_LOAD" and 0 <= inside < segment["p_filesz"]:
                return int(segment["p_offset"] + inside)
        reason = "an address that no segment has"
        raise _BrokenError(reason)

    def _bytes(self, offset: int, count: int) -> bytes:
        """Return bytes of the file, as many as there are."""
        count = min(count, self._size - offset)
        return read_at(self._file, offset, count) if count > 0 else b""

    def _text(self, offset: int) -> str:
        raw = self._bytes(offset, _USUAL_NAME_BYTES)
        end = raw.find(b"\0")
        if end < 0:
            raw = self._bytes(offset, _MAX_NAME_BYTES)
            end = raw.find(b"\0")
        if end < 0:
            reason = "a name without an end"
            raise _BrokenError(reason)
        return raw[:end].decode("utf-8", "surrogateescape")

    def _needed_versions(self, tags: dict[str, list[int]], strings: int) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield each file with the versions of its symbols that are needed; those that are weak are left out."""
        if "DT_VERNEED" not in tags:
            return
        at = self._offset_of(tags["DT_VERNEED"][0])
        for _ in range(min(tags.get("DT_VERNEEDNUM", [0])[0], _MAX_NAMES)):
            of_file = self._record(self._structures.Elf_Verneed, at, 16)
            versions: list[str] = []
            beside = at + of_file["vn_aux"]
            for _ in range(of_file["vn_cnt"]):
                version = self._record(self._structures.Elf_Vernaux, beside, 16)
                if not version["vna_flags"] & _WEAK:
                    versions.append(self._budget.take(self._text(strings + version["vna_name"])))
                beside += version["vna_next"]
            if versions:
                yield self._budget.take(self._text(strings + of_file["vn_file"])), tuple(versions)
            if not of_file["vn_next"]:
                return
            at += of_file["vn_next"]

    def _offered(self, tags: dict[str, list[int]], strings: int) -> Iterator[str]:
        """Yield the versions that the symbols of the file have."""
        if "DT_VERDEF" not in tags:
            return
        at = self._offset_of(tags["DT_VERDEF"][0])
        for _ in range(min(tags.get("DT_VERDEFNUM", [0])[0], _MAX_NAMES)):
            version = self._record(self._structures.Elf_Verdef, at, 20)
            if not version["vd_flags"] & _BASE:
                name = self._record(self._structures.Elf_Verdaux, at + version["vd_aux"], 8)
                yield self._budget.take(self._text(strings + name["vda_name"]))
            if not version["vd_next"]:
                return
            at += version["vd_next"]

    def _is_extension(self, strings: int, length: int) -> bool:
        try:
            table = self._bytes(strings, min(length, _MAX_STRINGS_BYTES))
        except NotHeldError:
            return False  # its name may show it
        return any(entry in table for entry in _ENTRIES)

    def _compilers(self) -> tuple[str, ...] | None:
        """Return the compilers that `.comment` names; `None` if there is no such section, or it is not held."""
        try:
            section = self._comment()
            if section is None:
                return None
            text = self._bytes(section[0], min(section[1], _MAX_COMMENT_BYTES))
        except (NotHeldError, _BrokenError):
            return None
        names = dict.fromkeys(part for part in text.decode("utf-8", "replace").split("\0") if part)
        return tuple(self._budget.take(name) for name in list(names)[:_MAX_COMPILERS])

    def _comment(self) -> tuple[int, int] | None:
        """Return where `.comment` lies; section headers are read only until it is found."""
        start, count, step = self._header["e_shoff"], self._header["e_shnum"], _SECTION_BYTES[self._bits]
        names_at = self._header["e_shstrndx"]
        if not 0 < names_at < count <= _MAX_SECTIONS or self._header["e_shentsize"] != step:
            return None
        names = self._record(self._structures.Elf_Shdr, start + names_at * step, step)
        table = self._bytes(names["sh_offset"], min(names["sh_size"], _MAX_SECTION_NAMES))
        at = (b"\0" + table).find(b"\0.comment\0")
        if at < 0:
            return None
        headers = self._bytes(start, count * step)
        order = "little" if self._is_little else "big"
        for number in range(count):
            if int.from_bytes(headers[number * step : number * step + 4], order) == at:  # type: ignore[arg-type] # a word of two
                found = self._record(self._structures.Elf_Shdr, start + number * step, step)
                return found["sh_offset"], found["sh_size"]
        return None
