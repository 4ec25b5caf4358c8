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


def test_volumes_have_three_coordinates_and_a_depth(tmp_path):
    points = {"a": Points(("p", "q"), [[1.25, 2, 3], [np.nan] * 3]), "b": Points(("p", "q"), [[4, 5, 6], [7, 8, 9]])}
    write_landmarks(tmp_path / "l.csv", points, {"a": (30, 20, 10)})
    header, first, second = (tmp_path / "l.csv").read_text().splitlines()
    assert header == "id,width,height,depth,p_x,p_y,p_z,q_x,q_y,q_z"
    assert first == "a,10,20,30,3.000,2.000,1.250,,,"
    assert second.startswith("b,,,,6.000")
    table = read_landmarks(tmp_path / "l.csv")
    assert table.original_shapes == {"a": (30, 20, 10)}
    for id_, hand in points.items():
        assert np.array_equal(table.points[id_].positions, hand.positions, equal_nan=True)


def test_a_size_without_its_depth_is_as_good_as_a_pictures(tmp_path):
    (tmp_path / "l.csv").write_text("id,width,height,depth,p_x,p_y\na,10,20,,1,2\n")
    assert read_landmarks(tmp_path / "l.csv").original_shapes == {"a": (20, 10)}
    (tmp_path / "l.csv").write_text("id,width,height,depth,p_x,p_y\na,10,20,1.5,1,2\n")
    with pytest.raises(InvalidTable, match=r"width, height and depth must be .* got 10.0, 20.0 and 1.5"):
        read_landmarks(tmp_path / "l.csv")
