"""Certificates for servers of our own: pips up to 21.2 keep nothing that did not come by TLS."""

from pathlib import Path

from tests.support import processes

__all__ = ["make_certificate"]


def make_certificate(folder: Path, *names: str) -> Path | None:
    """Return the path of a certificate for these hosts, with its key, that signs itself; `None` without `openssl`."""
    path, key = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={names[0]}"]
    command += ["-addext", f"subjectAltName={','.join(f'DNS:{name}' for name in names)}"]
    try:
        processes.run([*command, "-keyout", str(key), "-out", str(path)], is_checked=True)
    except OSError:
        return None
    with path.open("a") as both:
        both.write(key.read_text())
    return path
