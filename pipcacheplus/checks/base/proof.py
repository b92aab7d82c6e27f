"""Proofs that an entry's content is what was published, strongest first; and all evidence for and against it."""

from collections.abc import Iterator

from pipcacheplus.checks.base.pages import do_pages_disagree, evidence_of_pages
from pipcacheplus.model.facts import FILE_HOST_DIGEST, Broken, Facts, Head, Libraries, Unknown
from pipcacheplus.model.values import Entry, Proof, UrlSource, Value
from pipcacheplus.pips.file_host import digest_in_path
from pipcacheplus.pips.headers import single_part_md5, stated_size

__all__ = ["AS_SENT", "evidence_of", "is_sound", "proof_of"]

AS_SENT = frozenset({Proof.FILE_HOST, Proof.ETAG})
"""Proofs that a file is what the server sent, whatever pages publish."""

_MAX_NAMED = 100
_NUMPY_ONE = "1.x"


def proof_of(entry: Entry, facts: Facts) -> Proof | None:
    """Return the strongest proof that an entry's content is what was published; `None` if there is none."""
    made = dict(facts.digests)
    if any(made.get(name) == value for name, value in facts.published) and not do_pages_disagree(facts):
        return Proof.INDEX_PAGE
    if entry.url_source is UrlSource.FILE_HOST:
        return Proof.FILE_HOST  # the path is computed from the content: otherwise the URL would not have been found
    if FILE_HOST_DIGEST in made and made[FILE_HOST_DIGEST] == digest_in_path(entry.url):
        return Proof.FILE_HOST
    if isinstance(facts.head, Head) and (etag := single_part_md5(facts.head)) and made.get("md5") == etag:
        return Proof.ETAG
    if facts.wheel_metadata is not None and made.get("sha256") == facts.wheel_metadata.sha256:
        return Proof.WHEEL
    return None


def is_sound(entry: Entry, facts: Facts) -> bool:
    """Return whether the content of a response, which was read to its end, is what was sent, by the present evidence.

    It is not if a page publishes another digest, and no proof contradicts that page.
    """
    if not isinstance(facts.head, Head) or facts.damage is not None or isinstance(facts.payload, (Broken, Unknown)):
        return False
    if proof_of(entry, facts) is not None:
        return True
    made = dict(facts.digests)
    etag, stated = single_part_md5(facts.head), stated_size(facts.head)
    return (
        facts.is_read_whole
        and all(made.get(name, value) == value for name, value in facts.published)
        and made.get("md5", etag) == etag
        and stated in {None, facts.body_size}
    )


def evidence_of(entry: Entry, facts: Facts) -> Iterator[tuple[str, Value]]:
    """Yield all evidence for or against an entry's content, strongest first."""
    proof = proof_of(entry, facts)
    yield "proof", proof.value if proof else None
    made = dict(facts.digests)
    if do_pages_disagree(facts):
        yield from evidence_of_pages(facts.pages)
    else:
        for name, value in facts.published:
            yield f"published_{name}", value
    if isinstance(facts.head, Head) and (etag := single_part_md5(facts.head)):
        yield "etag_md5", etag
    if facts.wheel_metadata is not None:
        yield "wheel_metadata_sha256", facts.wheel_metadata.sha256
    for name, value in made.items():
        yield f"actual_{name}", value
    if isinstance(facts.head, Head) and (stated := stated_size(facts.head)) is not None:
        yield "content_length", stated
    if facts.body_size is not None:
        yield "stored_length", facts.body_size
    yield from _of_reading(facts)
    if facts.libraries is not None:
        yield from _of_libraries(facts.libraries)


def _of_libraries(libraries: Libraries) -> Iterator[tuple[str, Value]]:
    """Yield what the libraries in a wheel together need from a machine; from each other they may need more."""
    own = {name for one in libraries.found for name in (one.path.rpartition("/")[2], one.soname)}
    needed = dict[str, dict[str, None]]()
    for one in libraries.found:
        versions = dict(one.versions)
        for name in one.needed:
            if name not in own:
                needed.setdefault(name, {}).update(dict.fromkeys(versions.get(name, ())))
    shown = [f"{name} ({' '.join(sorted(needed[name]))})" if needed[name] else name for name in sorted(needed)]
    if libraries.found:
        yield "machine", " ".join(sorted({one.machine for one in libraries.found}))
        yield "needed_libraries", ", ".join(shown[:_MAX_NAMED]) or "none"
    compilers = sorted({name for one in libraries.found for name in one.compilers or ()})
    if compilers:
        yield "compilers", ", ".join(compilers[:_MAX_NAMED])
    numpys = sorted({_NUMPY_ONE if one.numpy == "1" else one.numpy for one in libraries.found if one.numpy is not None})
    if numpys:
        yield "built_for_numpy", ", ".join(numpys)
    if libraries.not_read or libraries.others:
        yield "libraries_not_read", libraries.not_read + libraries.others


def _of_reading(facts: Facts) -> Iterator[tuple[str, Value]]:
    problem = facts.damage or (facts.payload if isinstance(facts.payload, (Broken, Unknown)) else None)
    if isinstance(problem, Broken):
        yield "damage", problem.reason
    elif isinstance(problem, Unknown):
        yield "unverifiable", problem.reason
    yield "read_to_its_end", facts.is_read_whole
