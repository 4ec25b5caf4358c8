"""Positions on photographs that EXIF turns: counted in the shown or in the stored pixels, as the stated size tells."""

import json

import numpy as np
import pytest
from PIL import Image

from boneage.imaging import Collection, read_landmarks, read_scan
from boneage.imaging.pictures.orientation import frame_to_stored, turn_upright
from tests.imaging.files.kinds import unturn

ROWS, COLUMNS = 60, 40
SHOWN = (20, 30)  # row and column of the bright pixel in the shown picture


@pytest.fixture
def shown():
    """A picture of 60 x 40 pixels, black but for a dot at row 20, column 30."""
    picture = np.zeros((ROWS, COLUMNS), np.uint8)
    picture[SHOWN] = 255
    return picture


def write_turned(folder, shown, orientation, scale=1):
    """Write the picture as PNG whose pixels are stored turned, ``scale`` times as large."""
    exif = Image.Exif()
    exif[274] = orientation
    stored = np.kron(unturn(shown, orientation), np.ones((scale, scale), np.uint8))
    Image.fromarray(stored).save(folder / "1.png", exif=exif)
    return stored


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_frame_leads_to_the_stored_pixels(shown, orientation):
    stored = unturn(shown, orientation)
    assert np.array_equal(turn_upright(stored, orientation), shown)
    place = frame_to_stored(shown.shape, orientation).apply([SHOWN])[0]
    assert place.tolist() == [float(k) for k in np.argwhere(stored)[0]]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_positions_counted_in_the_shown_picture_are_in_place(tmp_path, shown, orientation):
    write_turned(tmp_path, shown, orientation)
    check(tmp_path, f"1,{COLUMNS},{ROWS},{SHOWN[1]},{SHOWN[0]}")


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_positions_counted_in_the_stored_picture_are_brought_into_place(tmp_path, shown, orientation, scale):
    row, column = np.argwhere(write_turned(tmp_path, shown, orientation))[0]
    write_turned(tmp_path, shown, orientation, scale)
    check(tmp_path, f"1,{ROWS},{COLUMNS},{column},{row}", scale)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_label_studio_counts_in_the_shown_picture(tmp_path, shown, orientation):
    write_turned(tmp_path, shown, orientation)
    percent = {"x": 100 * SHOWN[1] / COLUMNS, "y": 100 * SHOWN[0] / ROWS, "keypointlabels": ["dot"]}
    result = {"type": "keypointlabels", "original_width": COLUMNS, "original_height": ROWS, "value": percent}
    task = {"data": {"image": "1.png"}, "annotations": [{"result": [result]}]}
    table = tmp_path / "export.json"
    table.write_text(json.dumps([task]))
    check_place(tmp_path, table)


def check(folder, row, scale=1):
    """Check a table of this row."""
    table = folder / "landmarks.csv"
    table.write_text(f"id,width,height,dot_x,dot_y\n{row}\n")
    check_place(folder, table, scale)


def check_place(folder, table, scale=1):
    """Check that the landmark of a table lies on the bright dot of the shown picture."""
    collection = Collection.from_folders([folder], landmarks=read_landmarks(table))
    scan = collection.scan("1")
    assert scan.pixels.shape == (ROWS * scale, COLUMNS * scale)
    assert scan.spacing[0] == pytest.approx(scan.spacing[1])
    here = scan.frame_to_original().inverse().apply(collection.points("1").positions)[0]
    assert here == pytest.approx((np.array(SHOWN) + 0.5) * scale - 0.5)


def test_a_table_of_sizes_in_stored_pixels_keeps_true_proportions(tmp_path, shown):
    write_turned(tmp_path, shown, 6)
    assert read_scan(tmp_path / "1.png", (COLUMNS, ROWS)).original_shape == (COLUMNS, ROWS)
    assert read_scan(tmp_path / "1.png", (2 * ROWS, 2 * COLUMNS)).spacing == (2.0, 2.0)
