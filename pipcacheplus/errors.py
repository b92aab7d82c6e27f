"""All exceptions that pipcacheplus raises itself: a request that cannot be carried out.

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
    """Base of all exceptions that pipcacheplus raises itself."""


class BadRequestError(PipCachePlusError):
    """An option, argument or selection is invalid."""

    what: str
    problem: str
    next_step: str

    def __init__(self, what: str, problem: str, next_step: str) -> None:
        self.what = what
        self.problem = problem
        self.next_step = next_step
        super().__init__(what, problem, next_step)

    def __str__(self) -> str:
        """Return the input, the problem and the next step."""
        return f"{self.what}: {self.problem}; {self.next_step}"


class MisspeltKeepError(BadRequestError):
    """A keep matches nothing in the cache, and must be a mistake.

    An entry that would be removed has almost the same name; or the keep is an id, a hash, a path or a bare version.
    """

    keep: str
    similar: str | None
    """The name that may be meant; `None` for an id, a hash, a path or a bare version."""

    def __init__(
        self,
        keep: str,
        similar: str | None,
        mistake: tuple[str, str] = ("it matches nothing", "pass `keep_missing_ok=True`"),
    ) -> None:
        """Store the keep.

        Args:
            keep: The keep.
            similar: A name that may be meant.
            mistake: The problem and the next step, if there is no such name.
        """
        self.keep = keep
        self.similar = similar
        if similar is not None:
            step = f"did you mean {similar}? If not, pass `keep_missing_ok=True`"
            mistake = (f"it matches nothing, and {similar} would be removed", step)
        super().__init__(f"`keep` {keep!r}", *mistake)
        self.args = (keep, similar, mistake)  # the constructor's arguments, so that it can be pickled


class CacheNotFoundError(PipCachePlusError):
    """No directory exists where pip's cache should be."""

    path: str
    source: str

    def __init__(self, path: str, source: str) -> None:
        self.path = path
        self.source = source
        super().__init__(path, source)

    def __str__(self) -> str:
        """Return the place, the setting that decided it, and the next step."""
        return f"no cache directory at {self.path} (from {self.source}); pass `cache_dir`, or run pip once"


class CacheDisabledError(PipCachePlusError):
    """pip's settings switch its cache off."""

    setting: str
    file: str | None
    """The file with the setting; `None` for a variable or an argument."""

    def __init__(self, setting: str, file: str | None = None) -> None:
        self.setting = setting
        self.file = file
        super().__init__(setting, file)

    def __str__(self) -> str:
        """Return the setting and the next step."""
        return f"pip's cache is switched off by {self.setting}; pass `cache_dir` to name a cache nevertheless"


class NotACacheError(PipCachePlusError):
    """The directory does not look like a pip cache, so nothing in it is read or removed."""

    path: str
    reason: str

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(path, reason)

    def __str__(self) -> str:
        """Return the directory, the reason why it is refused, and the next step."""
        return (
            f"{self.path} does not look like a pip cache: {self.reason}; pass the directory that `pip cache dir` prints"
        )


class OtherOwnerError(NotACacheError):
    """The cache belongs to another user, so nothing in it is changed, not even by root."""

    owner: int
    uid: int

    def __init__(self, path: str, owner: int, uid: int) -> None:
        self.owner = owner
        self.uid = uid
        super().__init__(path, f"it belongs to another user (uid {owner}, not {uid})")
        self.args = (path, owner, uid)  # the constructor's arguments, so that it can be pickled

    def __str__(self) -> str:
        """Return the directory, its owner and the next step."""
        return f"nothing in {self.path} is changed: {self.reason}; run this as that user"


class CacheBusyError(PipCachePlusError):
    """Another pipcacheplus is changing this cache, and did not finish in time."""

    path: str
    waited_s: float

    def __init__(self, path: str, waited_s: float) -> None:
        self.path = path
        self.waited_s = waited_s
        super().__init__(path, waited_s)

    def __str__(self) -> str:
        """Return the cache, the seconds of waiting and the next step."""
        return f"another pipcacheplus is using {self.path} (waited {self.waited_s:g} s); try again when it is done"


class InterpreterError(PipCachePlusError):
    """A Python interpreter that was named gives no tags."""

    path: str
    reason: str

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(path, reason)

    def __str__(self) -> str:
        """Return the interpreter, its failure and the next step."""
        return f"{self.path} does not give its tags: {self.reason}; pass the path of a Python that runs"
