"""`shell-init`: the code that makes `pip` in a shell the wrapped one, with completion of the verbs of `pip cache`."""

from argparse import ArgumentParser

from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_view
from pipcacheplus.cli.base.family import Family
from pipcacheplus.model.cache_dir import NO_CACHE_DIR
from pipcacheplus.wrap import PIP_CACHE_VERBS

__all__ = ["COMMAND"]

_POSIX = """\
pip() {{
  _pipcacheplus_pip="$({find} pip)"
  if [ -x "${{_pipcacheplus_pip%/*}}/python" ]; then
    {program} --python "${{_pipcacheplus_pip%/*}}/python" pip "$@"
  else
    command pip "$@"
  fi
}}
"""
_BASH = """\
_pipcacheplus_complete() {{
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "{commands}" -- "${{COMP_WORDS[1]}}"))
  elif [ "${{COMP_WORDS[1]}}" = cache ] && [ "$COMP_CWORD" -eq 2 ]; then
    COMPREPLY=($(compgen -W "{verbs}" -- "${{COMP_WORDS[2]}}"))
  fi
}}
complete -o default -F _pipcacheplus_complete pip
"""
_ZSH = """\
_pipcacheplus_complete() {{
  if [ "$CURRENT" -eq 3 ] && [ "${{words[2]}}" = cache ]; then
    compadd {verbs}
  else
    _default
  fi
}}
if command -v compdef > /dev/null; then compdef _pipcacheplus_complete pip; fi
"""
_FISH = """\
function pip
  set -l found (command -s pip)
  set -l python (dirname "$found")/python
  if test -x "$python"
    {program} --python "$python" pip $argv
  else
    command pip $argv
  end
end
complete -c pip -n "__fish_seen_subcommand_from cache" -a "{verbs}"
"""
_SHELLS = {"bash": _POSIX + _BASH, "zsh": _POSIX + _ZSH, "fish": _FISH}
_FIND = {"bash": "type -P", "zsh": "whence -p", "fish": ""}
_COMMANDS = "cache check config debug download freeze hash help index inspect install list lock show uninstall wheel"
"""Of pip 26.3."""
_NOT_BEHIND_CACHE = frozenset({"completion", "pip", "shell-init"})


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument(
        "shell",
        metavar="SHELL",
        choices=tuple(_SHELLS),
        help='bash, zsh or fish; for its start file: eval "$(... shell-init bash)"',
    )


def _run(request: Request) -> CommandResult:
    view = make_view(request, NO_CACHE_DIR, "atime")
    verbs = sorted({*Family("pipcacheplus.cli", "COMMAND", Command), *PIP_CACHE_VERBS} - _NOT_BEHIND_CACHE)
    shell = request.options.shell
    words = {"program": view.program, "verbs": " ".join(verbs), "find": _FIND[shell], "commands": _COMMANDS}
    code = _SHELLS[shell].format_map(words)
    return CommandResult(view=view._replace(summary={"shell": shell, "code": code}))


COMMAND = Command(
    help="Print shell code that makes `pip` the wrapped one",
    run=_run,
    declare=_declare,
    examples=("shell-init bash", "shell-init fish"),
    page="docs/how-to/wrap-pip.md#in-your-shell",
)
