"""Tells at the end how many faults were made."""

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Add up what the tests recorded."""
    reports = [report for group in ("passed", "failed") for report in terminalreporter.getreports(group)]
    numbers = [
        int(value)
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == "faults" and report.when == "call"
    ]
    if numbers:
        terminalreporter.write_line(f"{sum(numbers)} faults in {len(numbers)} tests")
