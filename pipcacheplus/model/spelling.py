"""Find, among words that exist, the one that a misspelt word may have meant."""

from collections.abc import Iterable

__all__ = ["did_you_mean", "near_word"]

_LIKENESS = 0.6
"""Of two words, from 0 to 1, below which a suggestion would only confuse."""


def near_word(word: str, words: Iterable[str]) -> str | None:
    """Return the word that is most like a misspelt one, or that begins with it; `None` if none is close.

    >>> near_word("--corupt", ["--corrupt", "--color"]), near_word("Wheels", ["wheel", "sdist"])
    ('--corrupt', 'wheel')
    >>> near_word("--cor", ["--corrupt", "--color"]), near_word("frobnicate", ["list", "prune"])
    ('--corrupt', None)
    """
    from difflib import get_close_matches  # noqa: PLC0415 - slow to import, and needed for errors alone

    spelt, there = word.lower(), [*words]
    begun = [one for one in there if one.startswith(spelt)] if spelt.strip("-") else []
    found = begun if len(begun) == 1 else get_close_matches(spelt, there, n=1, cutoff=_LIKENESS)
    return found[0] if found else None


def did_you_mean(word: str, words: Iterable[str], *, form: str = "{}") -> str:
    """Return a question to put into an error about a misspelt word; nothing if no word is close.

    Args:
        word: The misspelt one.
        words: Those that exist.
        form: What to write, with `{}` for the word that is close.

    >>> did_you_mean("wheels", ["wheel", "sdist"], form="kind:{}")
    'did you mean kind:wheel?'
    >>> did_you_mean("xyz", ["wheel", "sdist"])
    ''
    """
    found = near_word(word, words)
    return "" if found is None else f"did you mean {form.format(found)}?"
