r"""Text for people in the log of a CI job, folded, with warnings beside it, and values for later steps of the job.

GitHub folds the lines between `::group::` and `::endgroup::`, and shows ten warnings of a step on the page of a run.
GitLab folds the lines between two markers, which begin with `\r` and an escape sequence: names contain
neither, as text for people escapes them. Without a service, the text is that for people.

Sources: docs.github.com, "Workflow commands for GitHub Actions"; docs.gitlab.com, "CI/CD job logs".
"""

from collections.abc import Iterator
from itertools import islice

from pipcacheplus.render.view import Attachments, FailedCommand, OutputFormat, Service, View, Write

__all__ = ["FORMAT"]

_AS_THEY_ARE = frozenset({"completion", "dir", "shell-init"})
"""Commands whose output is a value for a shell: `dir=$(pipcacheplus dir)`."""
_MOST_WARNINGS = 10
"""The number of warnings of a step that GitHub shows."""
_AT_ONCE = 256
"""Lines that are written at once."""


def _render(view: View, write: Write, *, width: int | None, color: bool) -> None:
    from pipcacheplus.render.human import write_lines  # noqa: PLC0415 - slow to import, and not needed to list formats
    from pipcacheplus.render.text.table import Layout  # noqa: PLC0415 - as above

    if view.job is None or view.command in _AS_THEY_ARE:
        write_lines(view, write, Layout(width=width, color=color and view.job is not None))
    elif view.job.service is Service.GITLAB:
        name = f"pipcacheplus_{view.command}_{view.job.started_s}"
        title = f"pipcacheplus {view.command}"
        write(f"\x1b[0Ksection_start:{view.job.started_s}:{name}[collapsed=true]\r\x1b[0K{title}\n")
        try:
            write_lines(view, write, Layout(width=width, color=color))
        finally:  # the next output of the job must not be folded
            write(f"\x1b[0Ksection_end:{view.job.ended_s}:{name}\r\x1b[0K\n")
    else:
        _render_for_github(view, write, width=width, color=color)


def _render_for_github(view: View, write: Write, *, width: int | None, color: bool) -> None:
    from pipcacheplus.render.human import lines_of  # noqa: PLC0415 - as above
    from pipcacheplus.render.text.table import Layout  # noqa: PLC0415 - as above
    from pipcacheplus.render.text.workflow_commands import disarmed, workflow_command  # noqa: PLC0415 - as above

    write(workflow_command("group", f"pipcacheplus {view.command}") + "\n")
    try:
        lines = lines_of(view, Layout(width=width, color=color))
        while some := [*islice(lines, _AT_ONCE)]:
            write(disarmed("\n".join(some) + "\n"))
    finally:  # as above
        write(workflow_command("endgroup") + "\n")
    for line in _warnings(view):
        write(line + "\n")


def _warnings(view: View) -> Iterator[str]:
    """Yield a command for each of the first warnings and damaged entries, then the number of further ones."""
    from pipcacheplus.pips.credentials import shown_text  # noqa: PLC0415 - slow to import, as above
    from pipcacheplus.render.summary import first_damaged  # noqa: PLC0415 - as above
    from pipcacheplus.render.text.words import describe, number, safe  # noqa: PLC0415 - as above
    from pipcacheplus.render.text.workflow_commands import workflow_command  # noqa: PLC0415 - as above

    own = {"title": f"pipcacheplus {view.command}"}
    shown = view.warnings[:_MOST_WARNINGS]
    yield from (workflow_command("warning", safe(shown_text(text)), own) for text in shown)
    damaged, count = first_damaged(view.findings, _MOST_WARNINGS - len(shown))
    for findings in damaged:
        text = f"{describe(findings[0].entry)}: {safe('; '.join(finding.message for finding in findings))}"
        yield workflow_command("warning", text, {"title": f"pipcacheplus: {findings[0].check}"})
    if more := len(view.warnings) + count - len(shown) - len(damaged):
        # Not as a warning: GitHub would drop the eleventh.
        yield workflow_command("notice", f"{number(more, 'more warning')}: see the log of this step", own)


def _render_failure(failure: FailedCommand, write: Write) -> None:
    """Write an error that GitHub shows on the page of the run; elsewhere, stderr has it."""
    if failure.job is None or failure.job.service is not Service.GITHUB:
        return
    from pipcacheplus.pips.credentials import shown_text  # noqa: PLC0415 - slow to import, and most runs succeed
    from pipcacheplus.render.text.words import safe  # noqa: PLC0415 - as above
    from pipcacheplus.render.text.workflow_commands import workflow_command  # noqa: PLC0415 - as above

    title = {"title": f"pipcacheplus {failure.command}"}
    write(workflow_command("error", safe(shown_text(failure.problem)), title) + "\n")


def _attach(view: View) -> Attachments | None:
    if view.job is None or view.job.service is not Service.GITHUB:
        return None
    from pipcacheplus.render.text.step_summary import outputs_of, step_summary  # noqa: PLC0415 - as above

    return Attachments(summary=step_summary(view), outputs=outputs_of(view))


FORMAT = OutputFormat(
    help="text for people in the log of a CI job (the default there)",
    render=_render,
    has_warnings=lambda view: view.job is not None and view.job.service is Service.GITHUB,
    render_failure=_render_failure,
    lists_normal=False,
    attach=_attach,
)
