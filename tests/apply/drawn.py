"""Values of the model, drawn: any that could be written down."""

import os

from hypothesis import strategies as st

from pipcacheplus.model.values import Area, Entry, File, Folder, Kind, Shape, UrlSource

__all__ = ["ENTRIES", "NUMBERS", "TEXTS"]

NUMBERS = st.integers(0, 2**70)
PATHS = st.binary(min_size=1, max_size=30).map(os.fsdecode)
TEXTS = st.none() | st.text(max_size=20)
FILES = st.builds(
    File,
    path=PATHS,
    **dict.fromkeys(("size", "disk_size", "mtime_ns", "atime_ns", "ctime_ns", "inode", "device", "links"), NUMBERS),
)
ENTRIES = st.builds(
    Entry,
    id=PATHS,
    area=st.sampled_from(Area),
    shape=st.sampled_from(Shape),
    kind=st.sampled_from(Kind),
    files=st.lists(FILES, max_size=3).map(tuple),
    folders=st.lists(st.builds(Folder, path=PATHS, mtime_ns=NUMBERS, inode=NUMBERS, device=NUMBERS), max_size=2).map(
        tuple
    ),
    project=TEXTS,
    version=TEXTS,
    filename=TEXTS,
    url=TEXTS,
    url_source=st.none() | st.sampled_from(UrlSource),
    tags=st.lists(st.text(max_size=9), max_size=2).map(tuple),
    interpreter=TEXTS,
    fresh_until_s=st.none() | st.integers(-(2**40), 2**40),
)
