"""What a survey has found so far: handed on as it comes, remembered, and recorded at the end."""

from collections.abc import Callable, Iterable, Iterator
from operator import add

from pipcacheplus.catalog.database import Ledger
from pipcacheplus.catalog.judgement import Done, without_the_sound
from pipcacheplus.catalog.metadata_of_wheels import WheelReference
from pipcacheplus.catalog.recording import LOOSE, Recording, Trace, as_told
from pipcacheplus.catalog.shard import Survey
from pipcacheplus.checks.base.check import NOTHING_PASSED, Judged, Passed
from pipcacheplus.model.facts import Depth
from pipcacheplus.model.values import Entry, Warned
from pipcacheplus.pips.layout import key_of

__all__ = ["Collected"]


class Collected:
    """What came back so far."""

    def __init__(self, what: Survey, ledger: Ledger | None, show: Callable[[int], None]) -> None:
        self.deferred: list[Entry] = []
        self.of_wheels: dict[str, WheelReference] = {}
        self._waiting: list[Judged] = []
        self._what = what
        self._ledger = ledger
        self._show = show
        self._trace = Trace()
        self._told: list[Judged] = []
        self._passed = NOTHING_PASSED
        self._done = 0

    def take(self, results: Iterable[Done]) -> Iterator[Judged | Warned | Passed]:
        """Hand on what was found, and remember it."""
        for result in results:
            self.deferred.extend(result.deferred)
            self._waiting.extend(result.waiting)
            self.of_wheels |= result.of_wheels
            self._trace.join(result.trace)
            self.keep(result)
            yield from self._hand_on(result)

    def settle(self) -> Iterator[Judged | Warned | Passed]:
        """Hand on the metadata that no wheel named; what one did is to be judged once more."""
        done = Done()
        for one in self._waiting:
            if key_of(one.entry.id) in self.of_wheels:
                self.deferred.append(one.entry)
            else:
                done.found.append(one)
                done.size += one.entry.size
        self._waiting.clear()
        yield from self._hand_on(without_the_sound(done) if self._what.only_findings else done)

    def _hand_on(self, result: Done) -> Iterator[Judged | Warned | Passed]:
        if self._ledger is not None:
            self._told.extend(one for one in result.found if isinstance(one, Judged))
            self._passed = Passed(*map(add, self._passed, result.passed))
        yield from result.found
        if result.passed.entries:
            yield result.passed
        self._done += result.size if self._what.depth is Depth.WHOLE else len(result.found)
        self._show(self._done)

    def keep(self, result: Done) -> None:
        """Remember what a task showed; also if nobody waits for it any more, because somebody interrupts."""
        if self._ledger is not None:
            self._ledger.take(result.memory)

    def end(self, question: str | None) -> None:
        """Record all of it, if there is a question that can be answered by it once more."""
        if self._ledger is None:
            return
        self._ledger.forget_others()
        if question is not None and self._trace.is_whole and self._ledger.is_settled(self._trace.newest_ns):
            recording = Recording(
                question=question,
                made_s=self._what.context.now_s,
                until_s=self._trace.until_s,
                stamps=self._trace.stamps,
                passed=self._passed,
                told=tuple(as_told(one) for one in self._told if one.entry.shape not in LOOSE),
            )
            self._ledger.record(recording.to_bytes())
