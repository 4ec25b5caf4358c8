import itertools
import json

import numpy as np
import pytest

from boneage.imaging import (
    Details,
    InvalidTable,
    LandmarkTable,
    Points,
    read_landmarks,
    read_scan,
    render_landmarks,
    to_pixels,
)
from tests.imaging.formats.tables import assert_same_points, small_table, write
from tests.imaging.volume_files import OBLIQUE, ramp, write_itk


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


def test_a_point_off_the_plane_is_a_volumes(tmp_path):
    deep = markup(point(position=(1, 2, 30.5)), point("b", position=(1, 2, 0)))
    table = read(tmp_path, deep)
    assert (table.ndim, table.in_mm) == (3, True)
    assert table.points["F.1"].positions.tolist() == [[30.5, 2, 1], [0, 2, 1]]
    assert read(tmp_path, deep | {"coordinateSystem": "RAS"}).points["F.1"].positions.tolist()[0] == [30.5, -2, -1]
    flat = {"width": 30, "height": 20, "laterality": None}
    (tmp_path / "F.1.mrk.json").write_text(json.dumps({"markups": [deep], "image": flat}))
    with pytest.raises(InvalidTable, match=r"F.1.mrk.json: tip lies outside the plane of the image, at z = 30.5"):
        read_landmarks(tmp_path)


def test_a_file_that_knows_its_depth_is_a_volumes(tmp_path):
    image = {"width": 30, "height": 20, "depth": 10}
    (tmp_path / "F.1.mrk.json").write_text(json.dumps({"markups": [markup(point())], "image": image}))
    table = read_landmarks(tmp_path)
    assert (table.ndim, table.original_shapes) == (3, {"F.1": (10, 20, 30)})


AXES = [
    np.diag(signs)[list(order)]
    for order in itertools.permutations(range(3))
    for signs in itertools.product((1.0, -1.0), repeat=3)
]


@pytest.mark.parametrize("direction", [OBLIQUE @ axes for axes in AXES[::5]])
def test_volumes_go_to_the_places_that_simpleitk_knows_and_back(tmp_path, direction):
    image = write_itk(tmp_path / "7.nrrd", ramp(), direction=direction)
    scan = read_scan(tmp_path / "7.nrrd")
    points = Points(("a", "b", "c"), [[3.25, 4.5, 5.125], [np.nan] * 3, [17, 0, 23]])
    table = LandmarkTable("table", points.names, {"7": points}, {"7": scan.original_shape}, {})
    texts = render_landmarks(table, "slicer", Details({}, {}, to_patient={"7": scan.to_patient}))
    controls = json.loads(texts["7.mrk.json"])["markups"][0]["controlPoints"]
    expected = image.TransformContinuousIndexToPhysicalPoint((5.125, 4.5, 3.25))
    assert controls[0]["position"] == pytest.approx(expected, abs=1e-5)
    assert controls[2]["position"] == pytest.approx(image.TransformIndexToPhysicalPoint((23, 0, 17)), abs=1e-5)
    (tmp_path / "s").mkdir()
    back = read_landmarks(write(tmp_path / "s", texts))
    assert back.original_shapes == {"7": (18, 20, 24)}
    assert np.allclose(to_pixels(back, "7", scan).positions, points.positions, atol=1e-5, equal_nan=True)


def test_a_volume_whose_place_is_not_known_is_refused():
    table = LandmarkTable("table", ("a",), {"7": Points(("a",), [[1, 2, 3]])}, {}, {})
    with pytest.raises(InvalidTable, match="id 7: it is not known where its volume lies"):
        render_landmarks(table, "slicer", Details({}, {}))


def test_hidden_and_other_files_of_the_folder_are_passed_over(tmp_path):
    texts = render_landmarks(small_table(), "slicer", Details({}, {}))
    for name in (".hidden.mrk.json", "notes.txt", "other.json"):
        (tmp_path / name).write_text("?")
    assert_same_points(read_landmarks(write(tmp_path, texts)), small_table())


@pytest.mark.parametrize(
    ("markups", "reason"),
    [
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
