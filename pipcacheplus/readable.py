"""The verbs that look at a cache and tell; what they find is decided on, and carried out, by `cache`."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pipcacheplus.catalog.queries import (
    Each,
    Inspection,
    Inventory,
    Look,
    Verification,
    Wanted,
    entries_that_fit,
    inspect,
    overview,
    verify,
)
from pipcacheplus.checks.base.check import HOUR_S, Context, Progress, checks
from pipcacheplus.checks.base.context import context_of
from pipcacheplus.model.facts import Depth
from pipcacheplus.opened import OpenedCache

if TYPE_CHECKING:  # slow to import
    from concurrent.futures import Executor

__all__ = ["ReadableCache"]


class ReadableCache(OpenedCache):
    """A cache that can be looked at: nothing below it changes, not even access times where the system allows that."""

    def scan(self, *what: str, kind: str | None = None, progress: Progress | None = None) -> Inventory:
        """List the entries that fit `what`, with their names; all if none is given.

        Raises:
            BadRequestError: `what` or `kind` cannot be understood.
        """
        wanted = Wanted(what, kind)
        what_for = Look(
            path=self.dir.path,
            index_urls=self.index_urls,
            depth=Depth.ENDS,
            context=Context(now_s=0),
            needs_urls=True,
            progress=progress,
        )
        return entries_that_fit(self.dir, what_for, wanted)

    def overview(
        self,
        *,
        reads: bool = False,
        pythons: Sequence[str] | None = None,
        each: Each | None = None,
        progress: Progress | None = None,
    ) -> Inventory:
        """List the entries, and what could go, in one pass.

        Args:
            reads: Whether heads, pages and the ends of archives are opened, and not just names and times looked at.
            pythons: As `plan`; asked only if anything is read.
            each: Called with every entry, empty directories too, and its findings; the inventory then holds neither.
            progress: Called with the entries looked at.

        Raises:
            InterpreterError: One of `pythons` cannot be asked.
        """
        depth = Depth.ENDS if reads else Depth.NAMES
        put = tuple(check for check in checks() if check.depth <= depth)
        context = context_of(min_age_s=HOUR_S, pythons=pythons, needs_tags=reads)
        what_for = Look(path=self.dir.path, index_urls=self.index_urls, depth=depth, context=context, checks=put)
        return overview(self.dir, replace(what_for, progress=progress), each)

    def verify(
        self,
        *what: str,
        min_age_s: float = HOUR_S,
        pythons: Sequence[str] | None = None,
        executor: "Executor | None" = None,
        remembers: bool = True,
        deep: bool = False,
        progress: Progress | None = None,
    ) -> Verification:
        """Put every check to the entries that fit `what`; every byte of them is read.

        Args:
            what: Selections, in the words of the command line; all entries without any.
            min_age_s: The grace period in seconds.
            pythons: As `plan`.
            executor: Where entries are read side by side; any will do. Without one, threads on all cores.
            remembers: Whether what was found is remembered, and what has not changed since is not read again.
            deep: Whether all is read again even so, and remembered anew.
            progress: Called with the bytes done.

        Raises:
            BadRequestError: `what` cannot be understood.
            InterpreterError: One of `pythons` cannot be asked.
        """
        wanted = Wanted(what)
        context = context_of(min_age_s=min_age_s, pythons=pythons, needs_tags=True)
        what_for = Look(
            path=self.dir.path,
            index_urls=self.index_urls,
            depth=Depth.WHOLE,
            context=context,
            checks=checks(),
            needs_urls=True,
            only_findings=not what,
            wants=wanted.is_wanted if what else None,
            executor=executor,
            remembers=remembers,
            is_deep=deep,
            progress=progress,
        )
        return verify(self.dir, what_for, wanted)

    def inspect(
        self,
        *what: str,
        min_age_s: float = HOUR_S,
        pythons: Sequence[str] | None = None,
        progress: Progress | None = None,
    ) -> Inspection:
        """Read the entries that fit `what` to their end; return all that speaks for and against them.

        Args:
            what: Selections, in the words of the command line; all entries without any.
            min_age_s: As `verify`.
            pythons: As `plan`.
            progress: Called with the bytes done.

        Raises:
            BadRequestError: `what` cannot be understood.
            InterpreterError: One of `pythons` cannot be asked.
        """
        return inspect(self.dir, self.index_urls, what, min_age_s=min_age_s, pythons=pythons, progress=progress)
