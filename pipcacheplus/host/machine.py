"""Everything on a machine that decides the places of pip's cache and configuration, as one value.

Only `this_machine` and its helpers read the machine. The rules work on the value, so those of Windows and macOS
run, and are tested, on any system.
"""

import locale
import os
import sys
from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["NEWEST_PIP", "Machine", "this_machine"]

NEWEST_PIP = (26, 3)
"""The pip whose rules apply by default."""


class Machine(NamedTuple):
    """All inputs, apart from the files and links at the paths."""

    environ: Mapping[str, str]
    """Order matters if one option is spelt in two ways: the last one counts. On Windows, names in upper case."""
    platform: str
    """The value of `sys.platform`; any other than `win32` and `darwin` follows the rules of Linux."""
    home: str
    """The meaning of `~` without a variable; empty if it is unknown."""
    cwd: str
    """Absolute. Relative settings start here, so it must be that of the run of pip in question."""
    prefix: str
    """`sys.prefix` of the environment of the pip in question: its own configuration file lies there."""
    uid: int | None
    """The effective user; `None` where there are none, and pip then checks no owner."""
    base_prefix: str = ""
    """`sys.base_prefix`; identifies a Python from Homebrew, which has one more configuration directory."""
    site_config: tuple[str, ...] | None = None
    """The system's configuration files, weakest first; `None`: those that the platform and XDG name."""
    encoding: str = "utf-8"
    """Encoding of configuration files; pip uses the locale's."""
    local_app_data: str = ""
    r"""Windows: `C:\Users\me\AppData\Local`; the known folder and not the variable, as the next two."""
    roaming_app_data: str = ""
    r"""Windows: `C:\Users\me\AppData\Roaming`."""
    program_data: str = ""
    r"""Windows: `C:\ProgramData`."""
    pip_version: tuple[int, ...] = NEWEST_PIP
    """The pip whose rules apply; the oldest known ones are those of 20.1, the first with `pip cache`."""

    @property
    def is_windows(self) -> bool:
        """Return whether the rules of Windows apply."""
        return self.platform == "win32"


def this_machine(environ: Mapping[str, str] | None = None) -> Machine:
    r"""Return the machine that this program runs on, with the environment of this interpreter.

    The known folders of Windows come from platformdirs, which reads `WIN_PD_OVERRIDE_*` from the process's
    own environment. For a Python from the Microsoft Store the system keeps files below `local_app_data` in another
    place (`Packages\<package>\LocalCache\Local`), but the path stays the one that pip sees and prints.

    Args:
        environ: Used instead of the process's environment.

    Raises:
        OSError: The current directory is gone.
    """
    local, roaming, common = _windows_folders() if os.name == "nt" else ("", "", "")
    return Machine(
        environ=dict(os.environ if environ is None else environ),
        platform=sys.platform,
        home=_home_in_user_database(),
        cwd=os.getcwd(),
        prefix=sys.prefix,
        uid=os.geteuid() if hasattr(os, "geteuid") else None,
        base_prefix=sys.base_prefix,
        encoding=_locale_encoding(),
        local_app_data=local,
        roaming_app_data=roaming,
        program_data=common,
    )


def _windows_folders() -> tuple[str, str, str]:
    # Slow to import; and of no use for the rules themselves, as it has no inputs.
    import platformdirs  # noqa: PLC0415 - see above

    return platformdirs.user_data_dir(), platformdirs.user_data_dir(roaming=True), platformdirs.site_data_dir()


def _home_in_user_database() -> str:
    try:
        # Not available on Windows, where the environment always has it.
        import pwd  # noqa: PLC0415 - see above

        return pwd.getpwuid(os.getuid()).pw_dir
    except (ImportError, KeyError):
        # KeyError: a container may run as a user that has no entry.
        return ""


def _locale_encoding() -> str:
    # As pip 26.3 does it, `_internal/utils/compat.py`: since Python 3.11 the other call may warn.
    if sys.flags.utf8_mode:
        return "utf-8"
    if sys.version_info >= (3, 11):
        return locale.getencoding()
    return locale.getpreferredencoding(do_setlocale=False)
