"""`completion`: the code that lets a shell complete commands, options, choices and projects of the cache."""

from argparse import ArgumentParser

from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_view
from pipcacheplus.model.cache_dir import NO_CACHE_DIR

__all__ = ["COMMAND"]

_SHELLS = ("bash", "zsh", "fish", "powershell")
_NAME = "pipcacheplus"


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument(
        "shell",
        metavar="SHELL",
        choices=_SHELLS,
        help='bash, zsh, fish or powershell; for its start file: eval "$(pipcacheplus completion bash)"',
    )


def _run(request: Request) -> CommandResult:
    """Return the code for the console script; the shell finds it by the name or the path that is typed."""
    from argcomplete.shell_integration import shellcode  # noqa: PLC0415 - slow to import, and help imports this module

    shell = request.options.shell
    # Without `-o default`, by which bash would offer files where a size or an age is to be written.
    code = shellcode([_NAME], shell=shell, complete_arguments=("-o", "nospace"))
    view = make_view(request, NO_CACHE_DIR, "atime")
    return CommandResult(view=view._replace(summary={"shell": shell, "code": code}))


COMMAND = Command(
    help="Print what lets a shell complete the command line of pipcacheplus",
    run=_run,
    declare=_declare,
    examples=("completion bash", "completion zsh"),
    page="docs/reference/cli.md#completion",
)
