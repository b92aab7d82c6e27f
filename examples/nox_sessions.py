"""Sessions for a noxfile: the cache is healed once, before sessions that install. pipcacheplus lies beside nox.

nox -s pip_cache tests
"""

import nox


@nox.session(venv_backend="none")
def pip_cache(session: nox.Session) -> None:
    """Remove from pip's cache what would break an install; without an environment, which pip would have to fill."""
    session.run("python", "-m", "pipcacheplus", "prune", "--corrupt", "--partial", "--stale", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Install by the cache, and test."""
    session.install("-r", "requirements.txt")
    session.run("pytest")
