"""The screen of `browse`: keys and clicks to steps of the walk and work on the cache, and what is drawn then."""

import asyncio
import signal
import time
from array import array
from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar, TypeVar

from textual import events, on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Footer, Input, Static

from pipcacheplus.cli.base.sentences import sentence
from pipcacheplus.cli.browsing.dialogs import FileName, Question, Reader, Removal
from pipcacheplus.cli.browsing.facts import BrowsedEntries
from pipcacheplus.cli.browsing.groups import By, EntryGroup, Order
from pipcacheplus.cli.browsing.help_text import HELP
from pipcacheplus.cli.browsing.job import JobStoppedError, ScreenJob
from pipcacheplus.cli.browsing.style import CSS
from pipcacheplus.cli.browsing.table import RowTable
from pipcacheplus.cli.browsing.walk import Walk
from pipcacheplus.cli.browsing.work import Prepared, RemovalResult, Work
from pipcacheplus.errors import PipCachePlusError
from pipcacheplus.render.text.words import number, safe, size

__all__ = ["Browser"]

_T = TypeVar("_T")
_LOOK_S = 0.1
_AT_ONCE = 2000
"""Entries that are searched while somebody types; more of them when the text is complete."""
_TABS: dict[str, tuple[str, By | None]] = {
    "project": ("1 Projects", By.PROJECT),
    "kind": ("2 Kinds", By.KIND),
    "reason": ("3 Reasons", By.REASON),
    "age": ("4 Ages", By.AGE),
    "list": ("5 Entries", None),
}


class Tab(Static):
    """What the cache can be looked at by; a click does what its key does."""

    def __init__(self, name: str) -> None:
        super().__init__(_TABS[name][0], markup=False, id=name, classes="tab")

    async def on_click(self) -> None:
        """Look at the cache by this."""
        await self.app.run_action(f"regroup('{self.id}')")


class Browser(App[None]):
    """A walk through one cache."""

    ENABLE_COMMAND_PALETTE = False
    CSS = CSS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark", key_display="space"),
        Binding("enter,right,l", "open", "Open", key_display="enter"),
        Binding("escape,left,backspace,h", "go_back", "Back", key_display="esc"),
        Binding("w", "why", "Why"),
        Binding("x", "remove", "Remove"),
        Binding("slash", "search", "Search", key_display="/"),
        Binding("s", "sort", "Sort"),
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("q", "leave", "Quit"),
        Binding("1", "regroup('project')", show=False),
        Binding("2", "regroup('kind')", show=False),
        Binding("3", "regroup('reason')", show=False),
        Binding("4", "regroup('age')", show=False),
        Binding("5", "regroup('list')", show=False),
        Binding("a", "mark_all", show=False),
        Binding("u", "unmark", show=False),
        Binding("r", "read", show=False),
        Binding("v", "verify", show=False),
        Binding("ctrl+c", "interrupt", show=False, priority=True),
    ]

    def __init__(
        self, work: Work, facts: BrowsedEntries, *, now_s: Callable[[], float] = time.time, **options: bool | str
    ) -> None:
        """Take the cache, and what was read of it.

        Args:
            work: What can be done with it.
            facts: What was read of it.
            now_s: Returns seconds since 1970.
            options: `may_remove`; `is_to_trash`, whether to begin with; `plan_name`.
        """
        super().__init__(ansi_color=True)
        # The colours of the terminal itself; Textual before 8.2.5 has one such theme, under another name.
        self.theme = "ansi-dark" if "ansi-dark" in self.available_themes else "textual-ansi"
        self.removed: list[RemovalResult] = []
        """Results of the plans that were carried out."""
        self.saved: list[str] = []
        """The files that plans were written to."""
        self.signal: int | None = None
        """The signal that ended it."""
        self.is_abandoned = False
        """Whether work was not waited for that another thread still does."""
        self._work = work
        self._now_s = now_s
        self._walk = Walk(facts, now_s())
        self._job: ScreenJob | None = None
        self._is_leaving = False
        self._verifies = False
        self._message = _first_message(facts)
        self._may_remove = bool(options.get("may_remove", True))
        self._is_to_trash = bool(options.get("is_to_trash", False))
        self._plan_name = str(options.get("plan_name") or "plan.json")

    # Drawing

    def compose(self) -> ComposeResult:
        """Yield the parts of the screen."""
        yield Static("", markup=False, id="cache")
        with Horizontal(id="tabs"):
            for name in _TABS:
                yield Tab(name)
        yield Static("", markup=False, id="way")
        yield RowTable(self._walk, "")
        yield Input(placeholder="Search, then Enter", id="needle", compact=True)
        yield Static("", markup=False, id="status")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Draw all, and look at the work now and then."""
        self.query_one("#needle").display = False
        self._draw()
        self.table.focus()
        self.set_interval(_LOOK_S, self._show_work)

    @property
    def is_busy(self) -> bool:
        """Return whether work is under way in another thread."""
        return self._job is not None

    @property
    def table(self) -> RowTable:
        """Return the table."""
        return self.screen_stack[0].query_one(RowTable)

    def _draw(self, cursor: int | None = None) -> None:
        walk, base = self._walk, self.screen_stack[0]
        facts = walk.facts
        about = f"{number(len(facts), 'entry')} ({size(facts.cache_size)}) in {self._work.path}"
        base.query_one("#cache", Static).update(about)
        base.query_one("#way", Static).update(walk.title)
        for name, (_, by) in _TABS.items():
            base.query_one(f"#{name}").set_class(by is walk.by, "here")
        nothing = "Nothing matches." if walk.needle else "Nothing cached."
        self.table.renew(walk.level.cursor if cursor is None else cursor, nothing)
        self._show_status()

    def _show_work(self) -> None:
        if self._job is not None:
            self._show_status()

    def _show_status(self) -> None:
        job, left = self._job, self._walk.marked_in_words
        right = self._message if job is None else job.in_words()
        for screen in self.screen_stack[:1]:  # none while the view ends
            for status in screen.query("#status").results(Static):
                status.update(f"{left}  {right}" if right else left)

    def _say(self, message: str) -> None:
        self._message = message
        self._show_status()

    # Walking

    def action_open(self) -> None:
        """Go into a group, or say why an entry is there."""
        if self._walk.open(self.table.cursor):
            self._say("")
            self._draw(0)
        else:
            self.action_why()

    def action_go_back(self) -> None:
        """Stop what is under way; else go out of a search or a group."""
        if self._job is not None:
            self._job.stop.set()
        elif self._walk.back():
            self._draw()

    def action_regroup(self, name: str) -> None:
        """Look at what is here by something else."""
        self._walk.regroup(_TABS[name][1])
        self._draw(0)

    def action_sort(self) -> None:
        """Take the next order."""
        self._sort(self._walk.next_order())

    @on(RowTable.OrderChosen)
    def _choose_order(self, chosen: RowTable.OrderChosen) -> None:
        self._sort(chosen.order)

    def _sort(self, order: Order) -> None:
        self._walk.sort(order)
        self._draw(0)

    @on(RowTable.Opened)
    def _open_clicked(self) -> None:
        self.action_open()

    @on(RowTable.Toggled)
    def _toggle_clicked(self) -> None:
        self._walk.toggle(self.table.cursor)
        self._draw(self.table.cursor)

    def action_mark(self) -> None:
        """Mark a row, and go to the next."""
        self._walk.toggle(self.table.cursor)
        self._say("")
        self._draw(self.table.cursor + 1)

    def action_mark_all(self) -> None:
        """Mark all rows."""
        self._walk.toggle_all()
        self._draw(self.table.cursor)

    def action_unmark(self) -> None:
        """Mark nothing."""
        self._walk.unmark()
        self._draw(self.table.cursor)

    # Searching

    def action_search(self) -> None:
        """Take a text to search for."""
        if self._job is None:
            needle = self.query_one("#needle", Input)
            needle.value = self._walk.needle
            needle.display = True
            needle.focus()

    @on(Input.Changed, "#needle")
    def _search_typed(self, event: Input.Changed) -> None:
        is_quick = self._walk.by is not None or len(self._walk.level.places) <= _AT_ONCE
        if event.input.display and is_quick:
            self._walk.search(event.value)
            self._draw(0)

    @on(Input.Submitted, "#needle")
    def _search_submitted(self, event: Input.Submitted) -> None:
        self._end_search()
        if event.value != self._walk.needle:
            job = ScreenJob("searching")
            level = self._walk.level

            def done(rows: "Sequence[EntryGroup] | array[int]") -> None:
                if self._walk.level is level and not job.stop.is_set():
                    self._walk.narrow(event.value, rows)
                    self._draw(0)

            self._begin(job, partial(self._walk.found, event.value, job.stop.is_set), done)

    def _end_search(self) -> None:
        self.query_one("#needle").display = False
        self.table.focus()

    def on_key(self, event: events.Key) -> None:
        """Leave the field of the search."""
        if event.key == "escape" and self.focused is not None and self.focused.id == "needle":
            self._walk.search("")
            self._end_search()
            self._draw(0)
            event.stop()

    # Work

    def _begin(self, job: ScreenJob, work: Callable[[], _T], done: Callable[[_T], None]) -> None:
        """Do something in another thread, one thing at a time."""
        if self._job is None:
            self._job = job
            self._message = ""
            self.run_worker(self._do(job, work, done), exit_on_error=True)
            self._show_status()

    async def _do(self, job: ScreenJob, work: Callable[[], _T], done: Callable[[_T], None]) -> None:
        problem, is_stopped = "", False
        result: list[_T] = []
        try:
            result.append(await asyncio.to_thread(work))
        except JobStoppedError:
            is_stopped = True
        except PipCachePlusError as error:
            problem = sentence(error)
        except OSError as error:
            problem = f"{error.filename or 'the cache'}: {error.strerror or error}"
        self._job = None
        for one in result:
            done(one)
        if self._is_leaving:
            self.exit()
        elif is_stopped:
            self._say(f"Stopped {job.what}.")
        elif problem:
            self._say("")
            self.push_screen(Reader(f"Failed: {job.what}", safe(problem)))
        self._show_status()

    def action_read(self) -> None:
        """Read the cache again."""
        self._read("", verifies=self._verifies)

    def action_verify(self) -> None:
        """Read files to their end, once, now and whenever the cache is read again."""
        self._read("Verified.", verifies=True)

    def _read(self, message: str, *, verifies: bool) -> None:
        job = ScreenJob("verifying" if verifies else "reading")

        def done(facts: BrowsedEntries) -> None:
            self._verifies = verifies
            self._walk.take(facts, self._now_s())
            self._message = message or _first_message(facts)
            self._draw()

        self._begin(job, lambda: self._work.read(job.progress, verifies=verifies), done)

    def action_why(self) -> None:
        """Say whom an entry is for, and what would remove it or keep it."""
        places = self._walk.places(self.table.cursor)
        if not places:
            return
        if self._walk.by is not None:
            self._say("Open it, and choose an entry.")
            return
        job = ScreenJob("reading the entry")
        (id_,) = self._walk.ids(places)
        self._begin(
            job,
            lambda: self._work.why(id_, job.progress),
            lambda text: self._show(Reader("Why", text)),
        )

    def _show(self, reader: Reader) -> None:
        if not self._is_leaving:
            self.push_screen(reader)

    def action_remove(self) -> None:
        """Show what would be removed of the marked entries, or of the row if none is."""
        places = self._walk.marked or self._walk.places(self.table.cursor)
        if not places:
            self._say("There is nothing to remove.")
            return
        written, foreign = self._walk.parted(places)
        self._prepare(self._walk.ids(written), self._walk.ids(foreign))

    def _prepare(self, ids: list[str], foreign: list[str]) -> None:
        job = ScreenJob("planning")
        is_to_trash = self._is_to_trash

        def work() -> Prepared:
            return self._work.prepare(ids, foreign=foreign, is_to_trash=is_to_trash, progress=job.progress)

        def done(prepared: Prepared) -> None:
            if self._is_leaving:
                return
            verb = "To the trash" if prepared.is_to_trash else "To remove"
            dialog = Removal(
                f"{verb}: {prepared.counted}",
                prepared.text,
                may_remove=self._may_remove and bool(prepared.plan.actions),
                is_to_trash=is_to_trash,
            )
            again = partial(self._prepare, ids, foreign)
            self.push_screen(dialog, lambda answer: self._go_on(answer or "cancel", prepared, again))

        self._begin(job, work, done)

    def _go_on(self, answer: str, prepared: Prepared, again: Callable[[], None]) -> None:
        if answer == "trash":
            self._is_to_trash = not self._is_to_trash
            again()
        elif answer == "save":
            self.push_screen(FileName("Save the plan to a new file", self._plan_name), partial(self._save, prepared))
        elif answer == "remove":
            verb, to = ("Move", " to the trash") if prepared.is_to_trash else ("Remove", "")
            title = f"{verb} {prepared.counted}{to}?"
            about = f"From {self._work.path}." + ("" if to else " What is removed is gone.")
            self.push_screen(Question(title, about), lambda said: self._remove(prepared) if said == "yes" else None)

    def _save(self, prepared: Prepared, name: str | None) -> None:
        if not name:
            return

        def done(said: str) -> None:
            self.saved.append(name)
            self._say(said)

        self._begin(ScreenJob("saving the plan"), lambda: self._work.save(prepared, name), done)

    def _remove(self, prepared: Prepared) -> None:
        job = ScreenJob("removing")

        def work() -> RemovalResult:
            return self._work.remove(prepared, stop=job.stop.is_set, progress=job.note, waiting=job.wait)

        def done(removed: RemovalResult) -> None:
            self.removed.append(removed)
            if self._is_leaving:
                return
            last = removed.text.splitlines()[-1]
            if not removed.is_whole:
                self.push_screen(Reader("What was done", removed.text))
            self._read(last, verifies=self._verifies)

        self._begin(job, work, done)

    # Leaving

    def action_help(self) -> None:
        """Show the keys."""
        self.push_screen(Reader("Keys", HELP))

    def action_leave(self) -> None:
        """End, after the entry that is being removed."""
        self._is_leaving = True
        if self._job is None:
            self.exit()
        else:
            self._job.stop.set()
            self._say("Ending ...")

    def action_interrupt(self) -> None:
        """End as an interrupt does it."""
        self.stop_by(signal.SIGINT)

    def stop_by(self, number_: int) -> None:
        """End for a signal, after the entry that is being removed; for a second one at once."""
        if self.signal is not None and self._job is not None:
            self.is_abandoned = True
            self.exit()
            return
        self.signal = self.signal or number_
        self.action_leave()


def _first_message(facts: BrowsedEntries) -> str:
    return f"{number(len(facts.warnings), 'entry')} could not be read" if facts.warnings else ""
