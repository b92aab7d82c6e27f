"""The place that an entry is from, in few words: host and area, or what a wheel was built from."""

import re

from pipcacheplus.model.values import Area, Brief, Shape
from pipcacheplus.pips.filenames import SDIST_SUFFIXES
from pipcacheplus.pips.layout import area_of
from pipcacheplus.render.text.words import safe

__all__ = ["place_in_words", "whole_place"]

_URL = re.compile(r"(?:[a-z]+\+)?([a-z]+)://(?:[^/?#]*@)?([^/?#]*)([^?#]*)")
"""Scheme, host and path."""


def place_in_words(brief: Brief) -> str:
    """Return where an entry is from: its host and area; for a built wheel, the host of an archive, or its whole origin.

    For a file that pip did not write, or that is neither a response nor a wheel, return its path in the cache.
    """
    area, url = area_of(brief.id), brief.url_shown
    parts = _URL.match(url or "")
    if brief.shape is not Shape.BUILT_WHEEL:
        if area is Area.OTHER or brief.shape is Shape.FOREIGN:
            return safe(brief.id)
        return safe(f"{parts[2] if parts else '-'} ({area.value})")
    if parts is None:
        return whole_place(brief)
    scheme, host, path = parts.groups()
    is_archive = scheme != "file" and path.endswith(SDIST_SUFFIXES)
    return safe(f"built from {host}" if is_archive else f"built from {host}{path}")


def whole_place(brief: Brief) -> str:
    """Return the same with the whole URL."""
    if brief.shape is Shape.BUILT_WHEEL:
        return safe(f"built from {brief.url_shown}" if brief.url_shown else "-")
    return safe(brief.url_shown or "-")
