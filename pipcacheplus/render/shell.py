"""Words quoted for a shell, so that a printed command can be run unchanged."""

from collections.abc import Iterable

__all__ = ["quoted"]

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_")


def quoted(words: Iterable[str], *, is_windows: bool = False) -> str:
    r"""Return words in a form that a shell splits into the same words, all of it printable.

    A word with control characters, or that are not UTF-8, is written `$'…'` with its bytes in octal,
    as bash, zsh, ksh and POSIX of 2024 read it.

    >>> print(quoted(["prune", "--cache-dir", "/my cache", "it's", ""]))
    prune --cache-dir '/my cache' 'it'"'"'s' ''
    >>> print(quoted(["a\x1bb", "\udcff"]))
    $'a\033b' $'\377'
    >>> print(quoted([r"C:\my cache\pip"], is_windows=True))
    "C:\my cache\pip"
    """
    return " ".join(map(_windows_word if is_windows else _word, words))


def _windows_word(word: str) -> str:
    """Quote for the C runtime of Windows: backslashes count only before a quote."""
    if word and _PLAIN.issuperset(word.replace("\\", "")):
        return word
    backslashes = len(word) - len(word.rstrip("\\"))
    return '"' + word.replace('"', '\\"') + "\\" * backslashes + '"'


def _word(word: str) -> str:
    if word and _PLAIN.issuperset(word):
        return word
    if word.isprintable():
        return "'" + word.replace("'", "'\"'\"'") + "'"
    return "$'" + "".join(map(_byte, word.encode("utf-8", "surrogateescape"))) + "'"


def _byte(byte: int) -> str:
    char = chr(byte)
    return char if char.isascii() and char.isprintable() and char not in "'\\" else f"\\{byte:03o}"
