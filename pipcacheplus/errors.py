"""Every exception that pipcacheplus raises on purpose: a request that cannot be carried out.

Broken data in a cache is never an exception; it is a finding.
"""

__all__ = [
    "BadRequestError",
    "CacheBusyError",
    "CacheDisabledError",
    "CacheNotFoundError",
    "InterpreterError",
    "MisspeltKeepError",
    "NotACacheError",
    "OtherOwnerError",
    "PipCachePlusError",
]


class PipCachePlusError(Exception):
    """Base of everything that pipcacheplus raises on purpose."""


class BadRequestError(PipCachePlusError):
    """An option, argument or selection does not say what it has to say."""

    what: str
    problem: str
    next_step: str

    def __init__(self, what: str, problem: str, next_step: str) -> None:
        self.what = what
        self.problem = problem
        self.next_step = next_step
        super().__init__(what, problem, next_step)

    def __str__(self) -> str:
        """Name the input, what is wrong with it, and the next step."""
        return f"{self.what}: {self.problem}; {self.next_step}"


class MisspeltKeepError(BadRequestError):
    """What is to be kept fits nothing in the cache, and something that would go has almost the same name."""

    keep: str
    similar: str

    def __init__(self, keep: str, similar: str) -> None:
        self.keep = keep
        self.similar = similar
        super().__init__(
            f"`keep` {keep!r}",
            f"it fits nothing, and {similar} would go",
            f"did you mean {similar}? If not, pass `keep_missing_ok=True`",
        )
        self.args = (keep, similar)  # what the constructor takes, so that it can be pickled


class CacheNotFoundError(PipCachePlusError):
    """No directory exists where pip's cache should be."""

    path: str
    source: str

    def __init__(self, path: str, source: str) -> None:
        self.path = path
        self.source = source
        super().__init__(path, source)

    def __str__(self) -> str:
        """Name the place, what decided it, and the next step."""
        return f"no cache directory at {self.path} (from {self.source}); pass `cache_dir`, or run pip once"


class CacheDisabledError(PipCachePlusError):
    """The settings tell pip to use no cache at all."""

    setting: str
    file: str | None
    """In which it stands; `None` of a variable or an argument."""

    def __init__(self, setting: str, file: str | None = None) -> None:
        self.setting = setting
        self.file = file
        super().__init__(setting, file)

    def __str__(self) -> str:
        """Name the setting, and the next step."""
        return f"pip's cache is switched off by {self.setting}; pass `cache_dir` to name a cache all the same"


class NotACacheError(PipCachePlusError):
    """The directory is no pip cache, so nothing in it is read or removed."""

    path: str
    reason: str

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(path, reason)

    def __str__(self) -> str:
        """Name the directory, why it is refused, and the next step."""
        return (
            f"{self.path} is not taken for a pip cache: {self.reason}; pass the directory that `pip cache dir` prints"
        )


class OtherOwnerError(NotACacheError):
    """The cache belongs to another user, so nothing in it is changed, root's rights or not."""

    owner: int
    uid: int

    def __init__(self, path: str, owner: int, uid: int) -> None:
        self.owner = owner
        self.uid = uid
        super().__init__(path, f"it belongs to another user (uid {owner}, not {uid})")
        self.args = (path, owner, uid)  # what the constructor takes, so that it can be pickled

    def __str__(self) -> str:
        """Name the directory, its owner, and the next step."""
        return f"nothing in {self.path} is changed: {self.reason}; run this in a process of that user"


class CacheBusyError(PipCachePlusError):
    """Another pipcacheplus changes this cache, and did not finish in time."""

    path: str
    waited_s: float

    def __init__(self, path: str, waited_s: float) -> None:
        self.path = path
        self.waited_s = waited_s
        super().__init__(path, waited_s)

    def __str__(self) -> str:
        """Name the cache, how long was waited, and the next step."""
        return f"another pipcacheplus works on {self.path} (waited {self.waited_s:g} s); try again when it is done"


class InterpreterError(PipCachePlusError):
    """A Python interpreter that was named cannot be asked for its tags."""

    path: str
    reason: str

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(path, reason)

    def __str__(self) -> str:
        """Name the interpreter, what it did, and the next step."""
        return f"{self.path} cannot be asked for its tags: {self.reason}; pass the path of a Python that runs"
