import numpy as np
import pytest

from boneage.imaging import InvalidTable, LandmarkTable, Points, read_names, read_scheme, rename_landmarks
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
    assert to_pixels(table, "1", (0.5, 0.25)).positions.tolist() == [[2, 8], [6, 16]]
    assert to_pixels(table, "1", None).positions.tolist() == [[1, 2], [3, 4]]
    assert to_pixels(TABLE, "1", (0.5, 0.25)).positions.tolist() == [[1, 2], [3, 4]]
    assert np.array_equal(table.points["1"].positions, [[1, 2], [3, 4]])


def test_sides_are_letters():
    assert [check_side("file", "here", side) for side in ("l", "R", "", None)] == ["L", "R", None, None]
    with pytest.raises(InvalidTable, match="file: here: laterality"):
        check_side("file", "here", "left")
