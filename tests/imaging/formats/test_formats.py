import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boneage.imaging import FORMATS, InvalidTable, LandmarkTable, Points, read_landmarks, render_landmarks
from tests.imaging.formats.tables import NO_DETAILS, assert_same_points, small_table, there_and_back

PLAUSIBLE = st.floats(-50, -2) | st.floats(2, 5000)  # no placeholders or fractions, which are refused
WRITTEN = [name for name, format_ in FORMATS.items() if format_.render]


def sized(table):
    shapes = {id_: table.original_shapes.get(id_, (200, 300)) for id_ in table.points}
    return dataclasses.replace(table, original_shapes=shapes)


@pytest.mark.parametrize("name", WRITTEN)
def test_landmarks_absent_ones_sizes_and_sides_come_back_from_every_format(tmp_path, name):
    table = sized(small_table()) if FORMATS[name].needs_sizes else small_table()
    read = there_and_back(table, name, tmp_path)
    assert_same_points(read, table)
    assert read.original_shapes == table.original_shapes
    assert read.laterality == table.laterality
    assert read.remarks == ()


@given(st.lists(st.lists(st.none() | st.tuples(*[PLAUSIBLE] * 2), min_size=3, max_size=3), min_size=1, max_size=4))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_positions_come_back_from_every_format(tmp_path_factory, rows):
    names = ("a", "b", "c")
    rows = [*rows, [(1.0, 2.0)] * 3]  # a landmark that is nowhere has no name in formats of boxes
    positions = [[(np.nan, np.nan) if cell is None else cell for cell in row] for row in rows]
    points = {str(k): Points(names, row) for k, row in enumerate(positions)}
    table = sized(LandmarkTable("table", names, points, {}, {}))
    for name in WRITTEN:
        assert_same_points(there_and_back(table, name, tmp_path_factory.mktemp("round")), table)


@pytest.mark.parametrize("name", WRITTEN)
def test_one_bad_file_is_named(tmp_path, name):
    table = sized(small_table())
    for file, text in render_landmarks(table, name, NO_DETAILS).items():
        (tmp_path / (file or "file")).write_text(text)
    bad = min(tmp_path.iterdir())
    bad.write_text(bad.read_text()[: len(bad.read_text()) // 2])
    with pytest.raises(InvalidTable, match=bad.name):
        read_landmarks(tmp_path if FORMATS[name].folder else bad, name)


@pytest.mark.parametrize("name", [name for name in WRITTEN if name not in ("csv", "slicer")])
def test_only_csv_and_slicer_hold_three_dimensions(tmp_path, name):
    table = LandmarkTable("table", ("a",), {"1": Points(("a",), [[1.0, 2.0, 3.0]])}, {}, {})
    assert there_and_back(table, "csv", tmp_path).points["1"].positions.tolist() == [[1, 2, 3]]
    with pytest.raises(InvalidTable, match="three dimensions"):
        render_landmarks(table, name, NO_DETAILS)


@pytest.mark.parametrize("name", [name for name in WRITTEN if FORMATS[name].folder])
def test_an_id_cannot_lead_out_of_the_folder(name):
    table = LandmarkTable("table", ("a",), {"../1": Points(("a",), [[1.0, 2.0]])}, {}, {})
    with pytest.raises(InvalidTable, match="cannot be the name of a file"):
        render_landmarks(table, name, NO_DETAILS)


def test_a_folder_of_no_known_kind_or_of_two_is_refused(tmp_path):
    with pytest.raises(InvalidTable, match=r"no \.mrk\.json, \.xml, \.png files"):
        read_landmarks(tmp_path)
    for name in ("1.mrk.json", "1.xml"):
        (tmp_path / name).write_text("")
    with pytest.raises(InvalidTable, match=r"\.mrk\.json and \.xml files"):
        read_landmarks(tmp_path)


@pytest.mark.real_data
@pytest.mark.parametrize(
    "path", ["dha/landmarks37.csv", "rsna_native/keypoints21.csv", "rsna100/ossification_boxes.csv"]
)
def test_real_annotations_come_back_from_every_format(real_data, tmp_path, path):
    table = read_landmarks(real_data / path)
    for name in WRITTEN:
        ids = [id_ for id_ in table.points if id_ in table.original_shapes or not FORMATS[name].needs_sizes]
        part = dataclasses.replace(table, points={id_: table.points[id_] for id_ in ids})
        assert_same_points(there_and_back(part, name, tmp_path / name), part)


def test_masks_are_only_read():
    with pytest.raises(InvalidTable, match="cannot be written as masks"):
        render_landmarks(small_table(), "masks", NO_DETAILS)
