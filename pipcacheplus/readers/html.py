"""The few tags of an HTML page that name a project and its files, found by one scan in linear time.

`html.parser` takes a second for ten thousand links, and in the supported Pythons its time grows with the square
of the length of a page that is nothing but unfinished tags.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Tag", "read_tags"]

_MAX_TEXT_BYTES = 1024
_MAX_ATTRIBUTES = 1000
"""A tag with more of them counts as one without end."""
_START = re.compile(rb"<(?:(!--)|(a|base|title|h1|meta|script|style)(?=[\s/>]))", re.IGNORECASE)
_END_OF_TEXT = {b"script": re.compile(rb"</script", re.IGNORECASE), b"style": re.compile(rb"</style", re.IGNORECASE)}
_ATTRIBUTE = re.compile(
    rb"""[\s/]*
    (?: (?P<end>>)
      | (?P<name>[^\s/>][^\s/>=]*)
        (?: \s*=\s* (?: "(?P<double>[^"]*)" | '(?P<single>[^']*)' | (?P<open>["']) | (?P<bare>[^\s"'>][^\s>]*) )? )?
    )""",
    re.VERBOSE,
)


class Tag(NamedTuple):
    """A tag, its name in lower case; one without a name comes last, if the page does not end inside a tag."""

    name: str
    attributes: dict[str, str]
    """Names in lower case, character references resolved."""
    text: str = ""
    """Of `title` and `h1`: what follows, up to the next tag, at most 1 KiB."""


def read_tags(data: bytes, encoding: str) -> Iterator[Tag]:
    """Yield the tags `a`, `base`, `title`, `h1` and `meta` in order; comments, scripts and styles are skipped.

    Args:
        data: The page.
        encoding: Of which ASCII is a part.
    """
    at = 0
    while found := _START.search(data, at):
        name = found[2].lower() if found[2] else b""
        if name in _END_OF_TEXT:
            end = _END_OF_TEXT[name].search(data, found.end())
            at = end.end() if end else -1
        elif found[1]:
            at = data.find(b"-->", found.end())
        else:
            attributes, at = _attributes(data, found.end(), encoding)
            if at >= 0:
                text = _text(data, at, encoding) if name in {b"title", b"h1"} else ""
                yield Tag(name.decode(), attributes, text)
        if at < 0:
            return
    yield Tag("", {})


def _attributes(data: bytes, at: int, encoding: str) -> tuple[dict[str, str], int]:
    """Return a tag's attributes, and where it ends, -1 if it does not."""
    attributes: dict[str, str] = {}
    for _ in range(_MAX_ATTRIBUTES):
        found = _ATTRIBUTE.match(data, at)
        if found is None:
            break
        at = found.end()
        end, name, double, single, is_open, bare = found.groups()
        if end:
            return attributes, at
        if is_open:
            break
        value = next((text for text in (double, single, bare) if text is not None), b"")
        attributes[name.decode(encoding, "replace").lower()] = _unescaped(value.decode(encoding, "replace"))
    return attributes, -1


def _text(data: bytes, at: int, encoding: str) -> str:
    return _unescaped(data[at : at + _MAX_TEXT_BYTES].partition(b"<")[0].decode(encoding, "replace"))


def _unescaped(text: str) -> str:
    if "&" not in text:
        return text
    from html import unescape  # noqa: PLC0415 - its table of names is seldom needed

    try:
        return unescape(text)
    except ValueError:
        # A number of thousands of digits.
        return text
