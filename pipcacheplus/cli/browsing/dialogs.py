"""Dialogs: a text to read, a plan, a question, a file name."""

from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

__all__ = ["FileName", "Question", "Reader", "Removal", "Step"]

_SCROLLING: list[BindingType] = [
    Binding("up,k", "scroll(-1)", "up", show=False),
    Binding("down,j", "scroll(1)", "down", show=False),
    Binding("pageup", "scroll(-10)", "page up", show=False),
    Binding("pagedown,space", "scroll(10)", "page down", show=False),
]


class _Text(ModalScreen[str]):
    """A title, a text that scrolls, and buttons below it; none of them is parsed as markup."""

    SIZE: ClassVar[str] = ""
    """The class of its box in the style sheet."""
    BINDINGS: ClassVar[list[BindingType]] = [*_SCROLLING, Binding("escape,q", "leave", "close", show=False)]

    def __init__(self, title: str, text: str, buttons: dict[str, str]) -> None:
        """Take what is shown, and the buttons: what each says, by the answer that it gives; the first has the focus."""
        super().__init__()
        self._title = title
        self._text = text
        self._buttons = buttons

    def compose(self) -> ComposeResult:
        """Yield the parts."""
        with Vertical(classes=f"dialog {self.SIZE}"):
            yield Static(self._title, markup=False, classes="title")
            with VerticalScroll(can_focus=False):
                yield Static(self._text, markup=False, id="text")
            with Horizontal(classes="buttons"):
                for answer, label in self._buttons.items():
                    yield Button(label, id=answer, compact=True)

    def on_mount(self) -> None:
        """Put the focus on the first button."""
        self.query(Button).first().focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Give the answer of a button."""
        event.stop()
        self.answer(event.button.id or "")

    def answer(self, answer: str) -> None:
        """Close with an answer."""
        self.dismiss(answer)

    def action_leave(self) -> None:
        """Close with the answer of the first button."""
        self.answer(next(iter(self._buttons)))

    def action_scroll(self, lines: int) -> None:
        """Scroll the text."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)


class Reader(_Text):
    """A text to read."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("question_mark,w,left", "leave", "close", show=False)]

    def __init__(self, title: str, text: str) -> None:
        """Take what is shown."""
        super().__init__(title, text, {"close": "Close"})


Step = Literal["cancel", "save", "remove", "trash"]
"""What is to be done with a plan; `trash`: show it again with the trash, or without."""


class Removal(_Text):
    """A plan, and the choices what to do with it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "choose('save')", "save", show=False),
        Binding("r,x", "choose('remove')", "remove", show=False),
        Binding("t", "choose('trash')", "trash", show=False),
    ]

    def __init__(self, title: str, text: str, *, may_remove: bool, is_to_trash: bool) -> None:
        """Take what is shown, and what may be done."""
        verb = "Move to the trash" if is_to_trash else "Remove"
        other = "t: remove at once" if is_to_trash else "t: use the trash"
        buttons = {"cancel": "Cancel", "save": "s: Save a plan"}
        if may_remove:
            buttons |= {"remove": f"r: {verb}", "trash": other}
        super().__init__(title, text, buttons)

    def action_choose(self, answer: str) -> None:
        """Close with an answer, if it may be given."""
        if answer in self._buttons:
            self.answer(answer)


class Question(_Text):
    """A question whose answer is no unless somebody says yes."""

    SIZE = "small"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "choose('yes')", "yes", show=False),
        Binding("n", "choose('no')", "no", show=False),
    ]

    def __init__(self, title: str, text: str) -> None:
        """Take the question, and what there is to say about it."""
        super().__init__(title, text, {"no": "n: No", "yes": "y: Yes"})

    def action_choose(self, answer: str) -> None:
        """Close with an answer."""
        self.answer(answer)


class FileName(ModalScreen[str]):
    """The name of a file; empty if there is to be none."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "cancel", show=False)]

    def __init__(self, title: str, name: str) -> None:
        """Take what it is for, and a name to begin with."""
        super().__init__()
        self._title = title
        self._name_before = name

    def compose(self) -> ComposeResult:
        """Yield the parts."""
        with Vertical(classes="dialog small"):
            yield Static(self._title, markup=False, classes="title")
            yield Input(self._name_before, id="name", compact=True)
            yield Static("Enter saves it, Escape does not.", markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Give the name."""
        event.stop()
        self.dismiss(event.value.strip())

    def action_leave(self) -> None:
        """Give no name."""
        self.dismiss("")
