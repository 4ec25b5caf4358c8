import numpy as np
import pytest

from boneage.imaging import InvalidTable, Points, read_landmarks, write_landmarks


def table(tmp_path, text):
    path = tmp_path / "landmarks.csv"
    path.write_text(text)
    return path


def test_x_and_y_become_column_and_row(tmp_path):
    read = read_landmarks(table(tmp_path, "id,width,height,laterality,tip_x,tip_y\n7,30,40,R,5,9\n"))
    assert read.names == ("tip",)
    assert read.points["7"].position("tip").tolist() == [9, 5]
    assert read.original_shapes == {"7": (40, 30)}
    assert read.laterality == {"7": "R"}


@pytest.mark.parametrize("blank", [",", "nan,nan", "NaN, "])
def test_blank_and_nan_pairs_are_absent(tmp_path, blank):
    read = read_landmarks(table(tmp_path, f"id,a_x,a_y,b_x,b_y\n1,2,3,{blank}\n"))
    assert read.points["1"].present.tolist() == [True, False]


def test_what_is_written_is_read(tmp_path):
    points = {
        "a": Points(("p", "q"), [[1.25, 2.5], [np.nan, np.nan]]),
        "b": Points(("p", "q"), [[100.125, 7], [3, 4]]),
    }
    path = tmp_path / "out.csv"
    write_landmarks(path, points, {"a": (50, 60), "b": (70, 80)})
    read = read_landmarks(path)
    assert read.original_shapes == {"a": (50, 60), "b": (70, 80)}
    for id_, expected in points.items():
        assert np.allclose(read.points[id_].positions, expected.positions, atol=5e-4, equal_nan=True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("id,a_x\n1,2\n", "lacks a_y"),
        ("id,a\n1,2\n", "no landmark columns"),
        ("id,a_x,a_y\n1,2,\n", "only some"),
        ("id,a_x,a_y\n1,two,3\n", "number"),
        ("id,a_x,a_y\n1,2,3\n1,2,3\n", "twice"),
        ("id,laterality,a_x,a_y\n1,left,2,3\n", "laterality"),
        ("id,width,height,a_x,a_y\n1,-3,5,2,3\n", "width and height"),
    ],
)
def test_malformed_landmark_tables_are_refused(tmp_path, text, reason):
    with pytest.raises(InvalidTable, match=reason):
        read_landmarks(table(tmp_path, text))
