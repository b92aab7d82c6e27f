"""The style sheet of the terminal view: attributes say everything, so that it can be read without colours."""

__all__ = ["CSS"]

CSS = """
* {
    scrollbar-size-vertical: 1;
    scrollbar-size-horizontal: 0;
}
#cache, #way, #status { text-wrap: nowrap; text-overflow: ellipsis; }
#cache { height: 1; text-style: bold; }
#tabs { height: 1; }
.tab { width: auto; padding: 0 1; }
.tab.here { text-style: reverse; }
#way { height: 1; }
#status { height: 1; }
#needle { height: 1; }
ModalScreen { align: center middle; background: ansi_default; }
.dialog { width: 100%; max-width: 110; height: 100%; max-height: 40; border: solid ansi_default; padding: 0 1; }
.dialog.small { height: auto; max-width: 76; }
.dialog .title { text-style: bold; height: auto; margin-bottom: 1; }
.dialog VerticalScroll { height: 1fr; }
.dialog.small VerticalScroll { height: auto; }
.dialog .buttons { height: 1; margin-top: 1; }
.dialog Button {
    width: auto; min-width: 0; height: 1; border: none; margin-right: 2; padding: 0 1;
    text-style: none; background: ansi_default; color: ansi_default;
}
.dialog Button:focus { text-style: reverse; background: ansi_default; color: ansi_default; }
Footer { background: ansi_default; }
"""
