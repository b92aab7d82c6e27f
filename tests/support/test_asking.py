"""Questions of tests are answered by what is remembered: else they would show nothing of it."""

from pathlib import Path

from tests.support.asking import Asker, question
from tests.support.builders import FILE_URL, Cache
from tests.support.stores import database, file_of_catalog


def test_what_a_question_read_is_known_to_the_next(cache: Cache, tmp_path: Path) -> None:
    cache.http_v2(FILE_URL, b"x" * 99)
    asker = Asker(cache.path, tmp_path / "state")
    read = []
    for _ in range(2):
        asker.ask(question("verify"))
        with database(file_of_catalog(asker.state / "pipcacheplus")) as connection:
            read.append(connection.execute("SELECT id, read_ns FROM entry").fetchall())
        asker.now_s += 60
    assert read[0] == read[1] != []
