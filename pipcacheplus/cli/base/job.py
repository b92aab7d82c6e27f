"""The CI job that a run is part of: its service, and the files of the service that take text for later steps.

Sources: docs.github.com, "Variables" and "Workflow commands for GitHub Actions"; docs.gitlab.com, "Predefined CI/CD
variables reference".
"""

import os
from collections.abc import Iterator, Mapping

from pipcacheplus.render.view import Attachments, Service

__all__ = ["append", "service_of"]

_SERVICES = {"GITHUB_ACTIONS": Service.GITHUB, "GITLAB_CI": Service.GITLAB}
_DELIMITER_BYTES = 16


def service_of(environ: Mapping[str, str]) -> Service | None:
    """Return the CI service that started this process, if it is one of those that execute markers in a log.

    >>> service_of({"GITHUB_ACTIONS": "true"}).value, service_of({"CI": "true"})
    ('github', None)
    """
    return next((service for name, service in _SERVICES.items() if environ.get(name) == "true"), None)


def append(attached: Attachments, environ: Mapping[str, str]) -> list[str]:
    """Append text to the files that variables of GitHub name; return the problems of those that cannot be written."""
    problems = []
    outputs = "".join(_assigned(attached.outputs))
    for name, text in (("GITHUB_STEP_SUMMARY", attached.summary), ("GITHUB_OUTPUT", outputs)):
        path = environ.get(name)
        if path and text:
            try:
                # As bytes on the disk, so that the path of a directory stays one.
                with open(path, "a", encoding="utf-8", errors="surrogateescape", newline="\n") as file:
                    file.write(text)
            except OSError as error:
                problems.append(f"{name}: {error.strerror or error}")
    return problems


def _assigned(values: Mapping[str, str]) -> Iterator[str]:
    """Yield the assignment of each value, with any lines: the line that ends it is random."""
    for name, value in values.items():
        end = os.urandom(_DELIMITER_BYTES).hex()
        yield f"{name}<<{end}\n{value}\n{end}\n"
