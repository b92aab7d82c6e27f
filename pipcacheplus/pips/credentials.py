"""Removal of credentials from URLs: they are never stored, printed or logged.

- User and password. The parts that pip keeps (PEP 610) stay: `git@`, and names of variables, `${TOKEN}@`.
- The query of a signed URL, as a whole: if a name in it is one of those that tokens and signatures have, or a value is
  as long as a token is.
- Tokens in the path: those with a known beginning, and those at the places where a download server has
  them: `/t/TOKEN/`, `/TOKEN/OWNER/REPOSITORY/python/`.

`…` replaces each. No URL that pip requests has this character: it would be escaped. So a URL with it was shortened,
and no other sign is needed.

Sources: pip 26.3 `_internal/models/direct_url.py` for the parts that stay; the parameters of signed URLs are those that
the S3, Google and Azure storage, CloudFront, Akamai and GitLab document.
"""

import re
from urllib.parse import unquote

__all__ = ["CUT", "has_credentials", "is_cut", "shown_text", "shown_url", "unless_cut"]

CUT = "…"
"""Replaces each credential."""

_LONG = 16
"""Characters of a value in a query that may be a token, whatever its name is; the shortest tokens are as long."""
_SECRET_NAME = re.compile(
    r"sig|token|secret|passw|passphrase|pwd|credential|key|auth|jwt|session|cookie|policy|access|x-amz|x-goog|hdne|hdnts",
    re.IGNORECASE,
)
_MAY_STAY = re.compile(r"git|\$\{[A-Za-z0-9_-]+\}(?::\$\{[A-Za-z0-9_-]+\})?")
_TOKEN = re.compile(
    r"/(?:"
    r"((?:gh[opsur]_|github_pat_|gl(?:pat|dt|rt|cbt|ptt|ft|soat|imt|oas)-|pypi-A|npm_|AKIA|eyJ)[\w.%=-]{8,})"
    r"|(?:t/)([^/]{8,})(?=/)"
    r"|([A-Za-z0-9]{16})(?=/[^/]+/[^/]+/python/)"
    r")"
)
_AUTHORITY = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//")
_HOST = re.compile(r"[^/?#]*")
_PASSWORD = re.compile(r":[^@/:]*@")
_PORT = re.compile(r"(?:\[[^\]]*\]|[^:]*)(?::[0-9]*)?")
_IN_TEXT = re.compile(r"://[^\s\"<>]+")
"""The part of a URL behind its scheme."""


def is_cut(url: str) -> bool:
    """Return whether a credential was removed from a URL."""
    return CUT in url


def unless_cut(url: str | None) -> str | None:
    """Return a URL in its shown form; `None` if a credential was removed from it."""
    return None if url is None or is_cut(url) else url


def has_credentials(url: str) -> bool:
    """Return whether a URL may hold a password, a token or a signature, also after one was removed."""
    return shown_url(url) != url


def shown_url(url: str) -> str:
    """Return a URL as it may be shown and stored: with `…` in place of each credential, and otherwise unchanged.

    >>> shown_url("https://me:secret@index.example/simple/"), shown_url("git+ssh://git@host.example/a.git@main")
    ('https://…@index.example/simple/', 'git+ssh://git@host.example/a.git@main')
    >>> shown_url("https://files.example/six.whl?X-Amz-Signature=0f")
    'https://files.example/six.whl?…'
    """
    if "@" not in url and "?" not in url and "#" not in url:
        return url if _TOKEN.search(url) is None else _TOKEN.sub(_without_token, url)
    found = _AUTHORITY.match(url)
    start = found[0] if found is not None else ""
    rest = url[len(start) :]
    if start:
        host = _HOST.match(rest)[0]  # type: ignore[index] # it matches nothing too
        user, at, place = host.rpartition("@")
        behind = rest[len(host) :]
        if _PASSWORD.search(behind) or (not _PORT.fullmatch(place) and "@" in behind):
            # A password with an unescaped slash: pip would not understand it either, but a user may have typed it.
            return f"{start}{CUT}@{shown_url(behind.rpartition('@')[2])}"
        if at:
            rest = f"{user if _MAY_STAY.fullmatch(user) else CUT}@{place}{behind}"
    before, hash_, fragment = rest.partition("#")
    before, mark, query = before.partition("?")
    before = _TOKEN.sub(_without_token, before)
    return f"{start}{before}{mark}{_shown(query)}{hash_}{_shown(fragment)}"


def _without_token(found: re.Match[str]) -> str:
    token = found[1] or found[2] or found[3]
    return found[0].replace(token, CUT)


def _shown(query: str) -> str:
    """Return a query, or a fragment, unless a part of it may be a credential."""
    for part in re.split("[&;]", query):
        name, equals, value = part.partition("=")
        if len(value if equals else name) >= _LONG and not _DIGEST.fullmatch(part):
            return CUT
        if equals and _SECRET_NAME.search(unquote(name)):
            return CUT
    return query


_DIGEST = re.compile(r"(?:md5|sha1|sha224|sha256|sha384|sha512)=[0-9a-fA-F]+")


def shown_text(text: str) -> str:
    """Return a sentence with each URL in it in its shown form.

    >>> shown_text("no match for 'https://me:secret@index.example/'")
    "no match for 'https://…@index.example/'"
    """
    return _IN_TEXT.sub(lambda found: shown_url(f"x{found[0]}")[1:], text) if "://" in text else text
