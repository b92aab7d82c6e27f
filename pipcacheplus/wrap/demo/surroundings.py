"""Variables for the programs of a demonstration: nothing of the user's settings, and nothing outside of its folder."""

import os
from collections.abc import Mapping

__all__ = ["for_ours", "for_pip"]

_PREFIXES = ("PIP_", "PIPCACHEPLUS_", "GITHUB_", "GITLAB_")
_LEFT_OUT = frozenset(
    {
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "FTP_PROXY"),
        *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        *("PYTHONWARNINGS", "PYTHONINSPECT", "PYTHONIOENCODING"),
        *("CI", "COLUMNS", "FORCE_COLOR"),
    }
)
_TEMPORARY = ("TMPDIR", "TEMP", "TMP")


def for_pip(environ: Mapping[str, str], *, index_url: str, folder: str, user_base: str | None) -> dict[str, str]:
    """Return the variables of a pip that uses this index alone, and reads no configuration file.

    Args:
        environ: Variables of this process.
        index_url: What takes the place of the public index.
        folder: What takes the place of the home directory, and of that for temporary files: pip runs other programs,
            as `rustc`, that may write there.
        user_base: Where packages of the user lie, which may be the pip itself; without it, below that home directory.
    """
    own = {
        **({} if user_base is None else {"PYTHONUSERBASE": user_base}),
        "HOME": folder,
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": index_url,
        "PIP_TRUSTED_HOST": "127.0.0.1",
        "PIP_NO_INPUT": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
        "PIP_PROGRESS_BAR": "off",
        "PIP_RETRIES": "0",
        "NO_PROXY": "*",
        "no_proxy": "*",
        "NO_COLOR": "1",
        "PYTHONIOENCODING": "utf-8:backslashreplace",
    }
    return {**_without_settings(environ), **own, **dict.fromkeys(_TEMPORARY, folder)}


def for_ours(environ: Mapping[str, str], *, folder: str) -> dict[str, str]:
    """Return the variables of commands of pipcacheplus, which store their state below one folder.

    Args:
        environ: Variables of this process.
        folder: It takes the place of the home directory, and of that for temporary files.
    """
    own = {
        "PIP_CONFIG_FILE": os.devnull,
        "XDG_STATE_HOME": folder,
        # Where platformdirs does not go by XDG: macOS and Windows.
        "HOME": folder,
        "WIN_PD_OVERRIDE_LOCAL_APPDATA": folder,
    }
    return {**_without_settings(environ), **own, **dict.fromkeys(_TEMPORARY, folder)}


def _without_settings(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environ.items()
        if not name.upper().startswith(_PREFIXES) and name.upper() not in _LEFT_OUT
    }
