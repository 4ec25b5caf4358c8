import csv

import pytest

from boneage.imaging.errors import UnusableOutput
from boneage.imaging.listing import find_scans
from boneage.pipeline.batch.prediction_run import predict_to_folder


def test_a_table_of_types_has_the_cells_of_the_plain_one(new, model_file, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra 'parquet' is not installed")
    files = [*find_scans(new / "images"), new / "absent.png"]
    predict_to_folder(files, [model_file], tmp_path, sexes="F", sizes={}, parquet=True)
    rows = parquet.read_table(tmp_path / "ages.parquet").to_pylist()
    with (tmp_path / "ages.csv").open(newline="") as file:
        plain = list(csv.DictReader(file))
    assert list(rows[0]) == list(plain[0])
    for row, cells in zip(rows, plain, strict=True):
        for name, cell in cells.items():
            value = row[name]
            assert (value is None) == (cell == ""), name
            if value is not None:
                assert cell == str(value) if isinstance(value, str | bool | int) else float(cell) == value
    assert isinstance(rows[0]["bone_age_months"], float)
    assert isinstance(rows[0]["mirrored"], bool)


def test_landmarks_are_written_where_ages_cannot_be(new, model_file, tmp_path):
    (tmp_path / "ages.csv").mkdir()
    with pytest.raises(UnusableOutput, match=r"ages\.csv cannot be written"):
        predict_to_folder(find_scans(new / "images"), [model_file], tmp_path, sexes="F", sizes={})
    assert (tmp_path / "landmarks.csv").is_file()
    assert (tmp_path / "ages.jsonl").is_file()
