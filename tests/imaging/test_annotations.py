import dataclasses

import numpy as np
import pytest

from boneage.imaging import Frame, InvalidTable, LandmarkTable, Points, Scan, read_names, read_scheme, rename_landmarks
from boneage.imaging.annotations import check_side, to_pixels

TABLE = LandmarkTable(
    "table", ("a", "b"), {"1": Points(("a", "b"), [[1, 2], [3, 4]], [0.5, 0.25])}, {"1": (9, 8)}, {"1": "L"}
)


def names_file(tmp_path, text):
    path = tmp_path / "names.csv"
    path.write_text(text)
    return path


def test_landmarks_are_selected_renamed_and_put_in_order(tmp_path):
    renamed = rename_landmarks(TABLE, read_names(names_file(tmp_path, "from,to\nb,first\n")))
    assert renamed.names == renamed.points["1"].names == ("first",)
    assert renamed.points["1"].position("first").tolist() == [3, 4]
    assert renamed.points["1"].scores.tolist() == [0.25]
    assert renamed.laterality == {"1": "L"}
    assert TABLE.names == ("a", "b")


def test_a_landmark_that_is_not_there_cannot_be_renamed():
    with pytest.raises(InvalidTable, match="table: has no landmark 'c'; it has a, b"):
        rename_landmarks(TABLE, {"a": "x", "c": "y"})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("old,new\na,b\n", "lacks the column 'from'"),
        ("from,to\n", "names no landmark"),
        ("from,to\na,\n", "line 2 must have both"),
        ("from,to\na,b\na,c\n", "line 3: 'a' occurs twice in the column 'from'"),
        ("from,to\na,c\nb,c\n", "line 3: 'c' occurs twice in the column 'to'"),
    ],
)
def test_malformed_name_tables_are_refused(tmp_path, text, reason):
    with pytest.raises(InvalidTable, match=rf"names.csv: .*{reason}"):
        read_names(names_file(tmp_path, text))


def test_the_shipped_names_lead_from_one_shipped_scheme_to_another():
    names = read_names("hand37_to_hand21")
    assert len(names) == 20
    assert set(names) <= set(read_scheme("hand37").names)
    assert set(names.values()) == set(read_scheme("hand21").names) - {"wrist"}


def test_millimetres_become_pixels_where_the_spacing_is_known():
    table = LandmarkTable("table", TABLE.names, TABLE.points, {}, {}, in_mm=True)
    scan = Scan(np.eye(20), spacing=(0.5, 0.25), spacing_unit="mm")
    assert to_pixels(table, "1", scan).positions.tolist() == [[2, 8], [6, 16]]
    assert to_pixels(table, "1", Scan(np.eye(20))).positions.tolist() == [[1, 2], [3, 4]]
    assert to_pixels(TABLE, "1", scan).positions.tolist() == [[1, 2], [3, 4]]
    assert np.array_equal(table.points["1"].positions, [[1, 2], [3, 4]])


def test_millimetres_in_the_patient_become_voxels_where_the_volume_tells_its_place():
    points = {"1": Points(("a", "b"), [[30.0, 20.0, 10.0], [np.nan] * 3])}
    table = LandmarkTable("table", ("a", "b"), points, {}, {}, in_mm=True)
    to_patient = Frame.from_linear(np.array([[0, 0, 0.5], [0, 0.25, 0], [2, 0, 0]]), [10, 19, 20])
    volume = Scan(np.ones((8, 9, 10)), to_patient=to_patient)
    assert np.array_equal(to_pixels(table, "1", volume).positions, [[5, 4, 0], [np.nan] * 3], equal_nan=True)
    with pytest.raises(InvalidTable, match="id 1: the file of the image does not state its position"):
        to_pixels(table, "1", Scan(np.ones((8, 9, 10))))


def test_landmarks_and_image_must_have_as_many_axes():
    with pytest.raises(InvalidTable, match="id 1: its landmarks have 2 coordinates, the image 3 axes"):
        to_pixels(TABLE, "1", Scan(np.ones((8, 9, 10))))
    deep = LandmarkTable("table", ("a",), {"1": Points(("a",), [[0, 1, 2]]), "2": Points(("a",), [[3, 1, 2]])}, {}, {})
    with pytest.raises(InvalidTable, match="id 1: its landmarks have 3 coordinates, the image 2 axes"):
        to_pixels(deep, "1", Scan(np.eye(9)))
    in_mm = dataclasses.replace(deep, in_mm=True)
    assert to_pixels(in_mm, "1", Scan(np.eye(9))).positions.tolist() == [[1, 2]]
    with pytest.raises(InvalidTable, match="id 2: a lies outside the plane of the image, at z = 3"):
        to_pixels(in_mm, "2", Scan(np.eye(9)))


def test_sides_are_letters():
    assert [check_side("file", "here", side) for side in ("l", "R", "", None)] == ["L", "R", None, None]
    with pytest.raises(InvalidTable, match="file: here: laterality"):
        check_side("file", "here", "left")
