"""The parts of pip's arguments that the wrapper needs: the command, the cache, verbosity and requirements.

Source: pip 6.0 to 26.3, `_internal/cli/main_parser.py` and `_internal/cli/cmdoptions.py`: options for all
commands may stand before the command; optparse accepts any unambiguous prefix of a long option.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipcacheplus.wrap import USES_CACHE

__all__ = ["PipArguments", "read_pip_arguments"]

_VALUED = {
    **dict.fromkeys(("--log", "--log-file", "--local-log"), ""),
    "--cache-dir": "cache_dir",
    "--python": "python",
    "--report": "report",
    "--proxy": "",
    "--retries": "",
    "--resume-retries": "",
    "--timeout": "",
    "--default-timeout": "",
    "--exists-action": "",
    "--trusted-host": "",
    "--cert": "",
    "--client-cert": "",
    "--keyring-provider": "",
    "--use-feature": "",
    "--use-deprecated": "",
    "--index-url": "index_url",
    "--pypi-url": "index_url",
    "--extra-index-url": "index_url",
    "--requirement": "file",
    "--constraint": "",
    "--editable": "editable",
    "--target": "",
    "--dest": "",
    "--wheel-dir": "",
    "--root": "",
    "--prefix": "",
    "--src": "",
    "--build": "",
    "--find-links": "",
    "--platform": "",
    "--python-version": "",
    "--implementation": "",
    "--abi": "",
    "--upgrade-strategy": "",
    "--config-settings": "",
    "--install-option": "",
    "--global-option": "",
    "--build-option": "",
    "--no-binary": "",
    "--only-binary": "",
    "--progress-bar": "",
    "--root-user-action": "",
    "--group": "",
    "--output": "",
    "--build-constraint": "",
    "--uploaded-prior-to": "",
    "--source": "",
    "--requirements-from-script": "file",
    "--all-releases": "",
    "--only-final": "",
}
"""Options with a value, each with the fact that it gives, if any."""
_SHORT = {"-i": "index_url", "-r": "file", "-c": "", "-e": "editable", "-t": "", "-d": "", "-w": "", "-f": "", "-b": ""}
_SHORT |= {"-C": "", "-o": ""}
_FLAGS = {"--no-cache-dir": "no_cache", "--quiet": "quiet", "--dry-run": "dry_run", "--isolated": "isolated"}
# Without these, they would be treated as prefixes of longer ones.
_FLAGS |= {"--no-index": "no_index", "--require-hashes": "hashes"}
_FLAGS |= dict.fromkeys(("--pre", "--upgrade"), "flag")


class PipArguments(NamedTuple):
    """The parsed arguments of a pip."""

    words: tuple[str, ...]
    """All of them."""
    command: str | None = None
    """The first word that is not an option; `None` if there is none."""
    at: int = 0
    """The place of the command."""
    quiet: int = 0
    """Number of options for less output."""
    cache_dir: str | None = None
    no_cache: bool = False
    isolated: bool = False
    dry_run: bool = False
    no_index: bool = False
    python: str | None = None
    """The interpreter for which pip works, if it is not pip's own."""
    report: str | None = None
    index_urls: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    """Words after the command that are not options: requirements, mostly."""
    wanted: frozenset[int] = frozenset()
    """The places of all words that name packages to install."""

    @property
    def uses_cache(self) -> bool:
        """Return whether the command uses a cache."""
        return self.command in USES_CACHE and not self.no_cache

    def with_options(self, *options: str) -> tuple[str, ...]:
        """Return the words with options after the command, where pip accepts options of all kinds."""
        return (*self.words[: self.at + 1], *options, *self.words[self.at + 1 :])

    def for_others(self, *wanted: str) -> tuple[str, ...]:
        """Return the words with their requirements replaced by others."""
        return (*(word for at, word in enumerate(self.words) if at not in self.wanted), *wanted)


class _Option(NamedTuple):
    """An option, or another word."""

    fact: str
    """`word` for a word that is not an option."""
    value: str
    places: range
    """Places of its words."""


def read_pip_arguments(words: Sequence[str]) -> PipArguments:
    """Parse the arguments of a pip.

    An unknown option, as each release of pip may add, counts as one without a value: then its value may be read as the
    command. Such a pip is run unchanged, without the wrapper's functions.

    >>> read_pip_arguments(["-q", "--cache-dir=/c", "install", "-r", "lock.txt", "six"]).names
    ('six',)
    """
    found = dict[str, list[_Option]]()
    for one in _options(words):
        found.setdefault(one.fact, []).append(one)

    def last(fact: str) -> str | None:
        return found[fact][-1].value if fact in found else None

    plain = found.get("word", [])
    return PipArguments(
        words=tuple(words),
        command=plain[0].value if plain else None,
        at=plain[0].places.start if plain else len(words),
        quiet=sum(len(one.value) for one in found.get("quiet", ())),
        cache_dir=last("cache_dir"),
        no_cache="no_cache" in found,
        isolated="isolated" in found,
        dry_run="dry_run" in found,
        no_index="no_index" in found,
        python=last("python"),
        report=last("report"),
        index_urls=tuple(one.value for one in found.get("index_url", ())),
        names=tuple(one.value for one in plain[1:]),
        wanted=frozenset(
            at
            for some in (plain[1:], *(found.get(fact, ()) for fact in ("file", "editable", "hashes")))
            for one in some
            for at in one.places
        ),
    )


def _options(words: Sequence[str]) -> Iterator[_Option]:
    """Yield options with their values, and other words; a value may follow `=`, or be the next word."""
    at, are_words = 0, False
    while at < len(words):
        word, here = words[at], at
        at += 1
        if are_words or word == "-" or not word.startswith("-"):
            yield _Option("word", word, range(here, at))
            continue
        if word == "--":
            are_words = True
            continue
        fact, value = _fact_and_value(word)
        if fact is None:
            continue
        if value is None and at < len(words):
            value = words[at]
            at += 1
        if value is not None:
            yield _Option(fact, value, range(here, at))


def _fact_and_value(word: str) -> tuple[str | None, str | None]:
    """Return the fact that an option gives (`None` if none), and its value (`None` if that is the next word)."""
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        fact = _fact_of(name)
        return (fact, "q") if fact in _FLAGS.values() else (fact, value if equals else None)
    # `-Ur lock.txt`: letters behind one dash are flags, up to the first that has a value.
    at = next((at for at, letter in enumerate(word) if f"-{letter}" in _SHORT), None)
    if at is not None:
        return _SHORT[f"-{word[at]}"], word[at + 1 :] or None
    count = word.count("q")
    return ("quiet", "q" * count) if count else (None, None)


def _fact_of(name: str) -> str | None:
    """Return the fact of a long option, also if it is abbreviated; `None` if it has no value, and gives none."""
    known = {**_VALUED, **_FLAGS}
    if name in known:
        return known[name]
    facts = {known[one] for one in known if one.startswith(name)}
    return facts.pop() if len(facts) == 1 else None
