import sqlite3

import pytest

from boneage.imaging.errors import UnusableOutput
from boneage.pipeline.batch.store import STORE_NAME, ResultsStore
from tests.pipeline.batch.stub import draw, run_stub


def test_the_file_can_be_looked_at_with_sqlite_while_a_run_goes_on(tmp_path):
    run_stub([draw(tmp_path / "in" / "1.png", 21)], tmp_path)
    with ResultsStore(tmp_path / STORE_NAME):
        reader = sqlite3.connect(tmp_path / STORE_NAME)
        rows = reader.execute("SELECT path, id, status, json_extract(content, '$.width') FROM results").fetchall()
        reader.close()
    assert rows == [("1.png", "1", "ok", 21)]
    assert [path.name for path in tmp_path.glob("results*")] == [STORE_NAME]


def test_a_file_that_is_no_results_file_is_told(tmp_path):
    (tmp_path / "a").write_text("no database, but long enough to be taken for one" * 20)
    with pytest.raises(UnusableOutput, match="file is not a database"):
        ResultsStore(tmp_path / "a")
    connection = sqlite3.connect(tmp_path / "b")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(UnusableOutput, match="of another version of boneage"):
        ResultsStore(tmp_path / "b")


def test_what_cannot_be_written_is_an_unusable_output(tmp_path):
    with ResultsStore(tmp_path / STORE_NAME) as store:
        store._connection.execute("PRAGMA query_only = ON")
        with pytest.raises(UnusableOutput, match="attempt to write a readonly database"):
            store.empty({})
        store._connection.execute("PRAGMA query_only = OFF")


def test_network_drives_have_no_write_ahead_log(tmp_path, monkeypatch):
    for on_network, mode in ((True, "delete"), (False, "wal")):
        monkeypatch.setattr("boneage.pipeline.batch.store.is_on_network", lambda path, answer=on_network: answer)
        with ResultsStore(tmp_path / STORE_NAME) as store:
            assert store._connection.execute("PRAGMA journal_mode").fetchone() == (mode,)
            assert store._connection.execute("PRAGMA synchronous").fetchone() == (2,)
