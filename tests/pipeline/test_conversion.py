import shutil

import numpy as np
import pytest
from PIL import Image

from boneage.imaging import InvalidTable, NoScans, read_landmarks
from boneage.imaging.errors import UnusableOutput
from boneage.pipeline.conversion import convert_landmarks
from tests.imaging.dicom_files import write_dicom
from tests.imaging.volume_files import OBLIQUE, ramp, write_itk

ROWS = "id,a_x,a_y,b_x,b_y\n1,3,4,,\n2,5,6,7,8\n"


@pytest.fixture
def table(tmp_path):
    """Two images, with landmarks a and b; the first lacks b. No sizes."""
    (tmp_path / "in.csv").write_text(ROWS)
    return read_landmarks(tmp_path / "in.csv")


@pytest.fixture
def images(tmp_path):
    """The first image, 30 x 20 pixels, and one that the table does not have."""
    folder = tmp_path / "images"
    folder.mkdir()
    for name in ("1.png", "other.png"):
        Image.fromarray(np.arange(600, dtype=np.uint8).reshape(20, 30)).save(folder / name)
    return folder


def test_images_tell_their_size_and_name(table, images, tmp_path):
    done = convert_landmarks(table, "label-studio", tmp_path / "deep" / "out.json", images=[images])
    assert done.left_out == ("2",)
    assert "--images" in done.reason
    assert done.table.remarks == ("1 rows have no image in the folder",)
    read = read_landmarks(tmp_path / "deep" / "out.json")
    assert read.original_shapes == {"1": (20, 30)}
    assert read.points["1"].position("a") == pytest.approx([4, 3])
    assert '"image": "1.png"' in (tmp_path / "deep" / "out.json").read_text()


def test_where_nothing_can_be_written_nothing_is(table, tmp_path):
    with pytest.raises(InvalidTable, match="needs width and height"):
        convert_landmarks(table, "label-studio", tmp_path / "out.json")
    assert not (tmp_path / "out.json").exists()


def test_millimetres_of_slicer_are_pixels_of_the_image_and_back(table, tmp_path):
    folder = tmp_path / "dicoms"
    folder.mkdir()
    write_dicom(folder / "1.dcm", np.arange(600, dtype=np.uint16).reshape(20, 30), PixelSpacing=[0.5, 0.25])
    convert_landmarks(table, "slicer", tmp_path / "slicer", images=[folder])
    millimetres = read_landmarks(tmp_path / "slicer")
    assert millimetres.points["1"].position("a").tolist() == [2, 0.75]
    done = convert_landmarks(millimetres, "csv", tmp_path / "back.csv", images=[folder])
    assert read_landmarks(tmp_path / "back.csv").points["1"].position("a").tolist() == [4, 3]
    assert not any("taken as pixels" in remark for remark in done.table.remarks)
    assert any(
        "taken as pixels" in remark for remark in convert_landmarks(millimetres, "csv", tmp_path / "x").table.remarks
    )


def test_an_image_that_cannot_be_read_is_told_and_its_row_kept(table, images, tmp_path):
    (images / "2.png").write_bytes(b"no image")
    done = convert_landmarks(table, "csv", tmp_path / "out.csv", images=[images])
    assert "2.png" in done.table.remarks[0]
    assert list(read_landmarks(tmp_path / "out.csv").points) == ["1", "2"]


def test_names_select_and_rename(table, tmp_path):
    (tmp_path / "names.csv").write_text("from,to\nb,tip\n")
    convert_landmarks(table, "csv", tmp_path / "out.csv", names=tmp_path / "names.csv")
    assert read_landmarks(tmp_path / "out.csv").names == ("tip",)


def test_files_that_are_there_are_not_mixed_with_new_ones(table, tmp_path):
    with pytest.raises(UnusableOutput, match="has files in it"):
        convert_landmarks(table, "voc", tmp_path)
    with pytest.raises(UnusableOutput, match="is a folder"):
        convert_landmarks(table, "csv", tmp_path)


def test_a_folder_without_images_is_refused(table, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoScans):
        convert_landmarks(table, "csv", tmp_path / "out.csv", images=[tmp_path / "empty"])


@pytest.fixture
def volumes(tmp_path):
    """One volume of a name with two suffixes, and a table of it and of another without a file."""
    (tmp_path / "volumes").mkdir()
    write_itk(tmp_path / "volumes" / "7.nii.gz", ramp(), direction=OBLIQUE)
    (tmp_path / "l.csv").write_text("id,a_x,a_y,a_z,b_x,b_y,b_z\n7,5,4,3,,,\n8,1,2,3,4,5,6\n")
    return tmp_path / "volumes"


def test_volumes_go_to_slicer_and_back(volumes, tmp_path):
    done = convert_landmarks(read_landmarks(tmp_path / "l.csv"), "slicer", tmp_path / "s", images=[volumes])
    assert done.left_out == ("8",)
    assert "where a volume lies in the patient" in done.reason
    millimetres = read_landmarks(tmp_path / "s")
    done = convert_landmarks(millimetres, "csv", tmp_path / "back.csv", images=[volumes])
    back = read_landmarks(tmp_path / "back.csv")
    assert back.original_shapes == {"7": (18, 20, 24)}
    assert back.points["7"].position("a") == pytest.approx([3, 4, 5], abs=1e-3)
    assert not back.points["7"].present[1]
    with pytest.raises(InvalidTable, match="give --images"):
        convert_landmarks(millimetres, "csv", tmp_path / "x.csv")
    convert_landmarks(millimetres, "slicer", tmp_path / "again")
    assert read_landmarks(tmp_path / "again").points["7"].position("a") == pytest.approx(
        millimetres.points["7"].position("a")
    )


def test_rows_in_millimetres_without_a_volume_are_left_out(volumes, tmp_path):
    (tmp_path / "s").mkdir()
    convert_landmarks(read_landmarks(tmp_path / "l.csv"), "slicer", tmp_path / "s", images=[volumes])
    shutil.copy(tmp_path / "s" / "7.mrk.json", tmp_path / "s" / "9.mrk.json")
    done = convert_landmarks(read_landmarks(tmp_path / "s"), "csv", tmp_path / "back.csv", images=[volumes])
    assert list(done.table.points) == ["7"]
    assert any("1 rows are left out" in remark for remark in done.table.remarks)


@pytest.mark.parametrize("to", ["coco", "voc", "label-studio", "boxes"])
def test_flat_formats_hold_no_volumes(volumes, tmp_path, to):
    table = read_landmarks(tmp_path / "l.csv")
    with pytest.raises(InvalidTable, match="three dimensions, which only the formats csv and slicer can hold"):
        convert_landmarks(table, to, tmp_path / "out", images=[volumes])
