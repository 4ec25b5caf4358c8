import json

import pytest

from boneage.imaging import Details, InvalidTable, read_landmarks, render_landmarks
from tests.imaging.formats.tables import assert_same_points, small_table, write


def point(label="tip", position=(5.0, 9.0, 0.0), **fields):
    return {"id": "1", "label": label, "position": list(position), **fields}


def markup(*points, **fields):
    return {"type": "Fiducial", "coordinateSystem": "LPS", "controlPoints": list(points), **fields}


def read(tmp_path, *markups):
    (tmp_path / "F.1.mrk.json").write_text(json.dumps({"@schema": "…", "markups": list(markups)}))
    return read_landmarks(tmp_path)


def test_lps_is_x_y_and_ras_its_opposite(tmp_path):
    assert read(tmp_path, markup(point())).points["F.1"].position("tip").tolist() == [9, 5]
    ras = markup(point(position=(-5, -9, 0)), coordinateSystem="RAS")
    assert read(tmp_path, ras).points["F.1"].position("tip").tolist() == [9, 5]


def test_a_point_that_is_not_defined_is_absent(tmp_path):
    points = [point("a"), point("b", positionStatus="undefined"), {"label": "c"}, point("d", positionStatus="defined")]
    assert read(tmp_path, markup(*points)).points["F.1"].present.tolist() == [True, False, False, True]


def test_several_point_lists_of_one_image_are_one_set(tmp_path):
    assert read(tmp_path, markup(point("a")), markup(point("b"))).names == ("a", "b")


def test_one_file_is_read_too(tmp_path):
    read(tmp_path, markup(point()))
    assert list(read_landmarks(tmp_path / "F.1.mrk.json").points) == ["F.1"]


def test_millimetres_are_written_where_the_spacing_is_known(tmp_path):
    texts = render_landmarks(small_table(), "slicer", Details({}, {"7": (0.5, 0.25)}))
    first = json.loads(texts["7.mrk.json"])["markups"][0]["controlPoints"]
    assert first[0]["position"] == [5.125, 5.125, 0]
    assert json.loads(texts["scan.v2.mrk.json"])["markups"][0]["controlPoints"][1] == {
        "id": "2", "label": "knöchel", "positionStatus": "undefined",
    }  # fmt: skip
    assert read_landmarks(write(tmp_path, texts)).in_mm


def test_hidden_and_other_files_of_the_folder_are_passed_over(tmp_path):
    texts = render_landmarks(small_table(), "slicer", Details({}, {}))
    for name in (".hidden.mrk.json", "notes.txt", "other.json"):
        (tmp_path / name).write_text("?")
    assert_same_points(read_landmarks(write(tmp_path, texts)), small_table())


@pytest.mark.parametrize(
    ("markups", "reason"),
    [
        ([markup(point(position=(1, 2, 30.5)))], "tip lies outside the plane of the image, at z = 30.5"),
        ([markup(type="Curve")], "is a Curve"),
        ([markup(point(), point())], "'tip' occurs twice"),
        ([markup(point(""))], "has no label"),
        ([markup(point(position=(1, 2)))], "3 finite numbers"),
        ([markup(point(position=(1, None, 2)))], "3 finite numbers"),
        ([markup(point(), coordinateSystem="IJK")], "LPS or RAS, got 'IJK'"),
        ([markup(point(), coordinateUnits="um")], "must be mm"),
        ([{"type": "Fiducial"}], "'controlPoints' must be a list"),
        ([3], "must be an object"),
    ],
)
def test_what_cannot_be_a_landmark_is_refused_by_the_name_of_its_file(tmp_path, markups, reason):
    with pytest.raises(InvalidTable, match=rf"F.1.mrk.json: .*{reason}"):
        read(tmp_path, *markups)
