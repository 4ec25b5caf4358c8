import importlib.util

import pytest

from boneage.imaging.errors import MissingPackage, UnusableOutput
from boneage.pipeline.storage.parquet import check_parquet, write_parquet

TYPES = {"id": "text", "age": "number", "n": "integer", "mirrored": "truth"}


def test_without_pyarrow_it_is_told_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(MissingPackage, match=r"pip install 'boneage\[parquet\]'"):
        check_parquet()


def test_cells_have_their_types_and_blanks_are_null(tmp_path, monkeypatch):
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra 'parquet' is not installed")
    monkeypatch.setattr("boneage.pipeline.storage.parquet._MOST_ROWS", 2)
    rows = [
        {"id": "a\udcff", "age": "122.62", "n": 3, "mirrored": False},
        {"id": "b", "age": "", "n": "", "mirrored": ""},
        {"id": "", "age": "1e3", "n": "7", "mirrored": True},
    ]
    write_parquet(tmp_path / "1.parquet", iter(rows), TYPES)
    table = parquet.read_table(tmp_path / "1.parquet")
    assert table.to_pydict() == {
        "id": ["a\\udcff", "b", None],
        "age": [122.62, None, 1000.0],
        "n": [3, None, 7],
        "mirrored": [False, None, True],
    }
    write_parquet(tmp_path / "2.parquet", iter(rows), TYPES)
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "2.parquet").read_bytes()
    write_parquet(tmp_path / "none.parquet", iter(()), TYPES)
    assert parquet.read_table(tmp_path / "none.parquet").column_names == list(TYPES)


def test_a_place_that_cannot_be_written_to_is_told(tmp_path):
    pytest.importorskip("pyarrow", reason="the extra 'parquet' is not installed")
    with pytest.raises(UnusableOutput, match="cannot be written"):
        write_parquet(tmp_path / "none" / "1.parquet", iter(()), TYPES)
