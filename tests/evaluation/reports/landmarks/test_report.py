import json
import shutil

import numpy as np
import pytest

from boneage.evaluation.reports.landmarks.report import report_landmarks
from boneage.imaging import AgeRecord, Points, find_scans, read_landmarks, write_landmarks
from boneage.pipeline.batch.localisation import locate_files
from boneage.pipeline.conversion import convert_landmarks
from boneage.pipeline.pipeline import load_localiser
from tests.imaging.dicom_files import write_dicom
from tests.volume_hands import SPACING_MM


@pytest.fixture
def tables(tmp_path):
    """Two hands and a phantom: landmarks off by 3, 4 and 5 pixels, one not found."""
    (tmp_path / "truth.csv").write_text("id,a_x,a_y,b_x,b_y\nh1,0,2,10,2\nh2,0,2,20,2\nphantom3,5,5,15,5\nh4,1,1,2,2\n")
    (tmp_path / "found.csv").write_text("id,a_x,a_y,b_x,b_y\nh1,3,2,10,6\nh2,3,6,,\nphantom3,5,5,15,5\n")
    return tmp_path


def test_landmark_errors_in_pixels_and_by_a_reference(tables):
    text = report_landmarks(tables / "found.csv", tables / "truth.csv", tables / "out", None)
    assert "3 images x 2 landmarks, 1 of them phantoms (synthetic); 1 of 6 not found" in text
    summary = json.loads((tables / "out" / "landmark_summary.json").read_text())
    assert summary["overall"]["mean"] == pytest.approx((3 + 4 + 5 + 0 + 0) / 5)
    assert summary["landmarks"]["b"]["n_not_found"] == 1
    assert summary["hands_without_prediction"] == 1
    rows = (tables / "out" / "landmark_errors.csv").read_text().splitlines()
    assert rows[0] == "id,landmark,error_px,score"
    assert "h2,b,," in rows
    in_mm = report_landmarks(tables / "found.csv", tables / "truth.csv", None, "a:b=50mm")
    assert "Landmark errors in mm (a:b=50mm in every image, by convention)" in in_mm
    page = (tables / "out" / "landmark_report.html").read_text()
    assert "3 images x 2 landmarks" in page
    assert page.count("<svg") == 3  # curves, mean shape, boxes: no scores, no groups
    assert page.count("Research use only") == 1
    assert {path.stem for path in (tables / "out" / "figures").iterdir()} == {"cumulative", "map", "boxes"}


def test_tables_of_other_landmarks_are_refused(tables):
    (tables / "other.csv").write_text("id,c_x,c_y\nh1,0,0\n")
    with pytest.raises(ValueError, match="landmark"):
        report_landmarks(tables / "other.csv", tables / "truth.csv", None, None)


def test_a_report_in_which_nothing_was_found_has_no_figure(tables):
    (tables / "found.csv").write_text("id,a_x,a_y,b_x,b_y\nh1,,,,\nh2,,,,\n")
    text = report_landmarks(tables / "found.csv", tables / "truth.csv", tables / "out", None)
    assert "4 of 4 not found" in text
    assert "<svg" not in (tables / "out" / "landmark_report.html").read_text()


def test_scores_beside_the_table_are_used_and_others_can_be_named(tables):
    assert "found with a score" not in report_landmarks(tables / "found.csv", tables / "truth.csv", None, None)
    (tables / "scores.csv").write_text("id,landmark,score\nh1,a,0.9\nh1,b,0.1\nh2,a,0.2\n")
    text = report_landmarks(tables / "found.csv", tables / "truth.csv", tables / "out", None)
    assert "Of 3 landmarks found with a score, 1 are off by more than 4 px." in text
    assert "withheld 1 and gave 0 without a warning" in text
    assert json.loads((tables / "out" / "landmark_summary.json").read_text())["scores"]["n_judged"] == 3
    (tables / "other.csv").write_text("id,landmark,score\nh1,a,0.9\n")
    text = report_landmarks(tables / "found.csv", tables / "truth.csv", None, None, scores=tables / "other.csv")
    assert "Of 1 landmarks found with a score" in text


def test_groups_are_told_by_scheme_sex_and_age(tables):
    (tables / "scheme.json").write_text('{"name": "two", "groups": {"first": ["a"], "second": ["b"]}}')
    ages = {"h1": AgeRecord(30.0, "F"), "h2": AgeRecord(200.0, "M")}
    report_landmarks(
        tables / "found.csv", tables / "truth.csv", tables / "out", None,
        scheme=str(tables / "scheme.json"), ages=ages,
    )  # fmt: skip
    groups = json.loads((tables / "out" / "landmark_summary.json").read_text())["groups"]
    assert groups["bone"]["first"]["mean"] == pytest.approx((3 + 5 + 0) / 3)
    assert list(groups["sex"]) == ["girls", "boys", "not known"]
    page = (tables / "out" / "landmark_report.html").read_text()
    assert "bone: second" in page
    assert "bone age: 15 years and over" in page


def test_one_hand_with_one_landmark_and_an_odd_id_is_reported(tmp_path):
    (tmp_path / "truth.csv").write_text('id,a_x,a_y\n"<b>&,ü/../1",1,1\n')
    (tmp_path / "found.csv").write_text('id,a_x,a_y\n"<b>&,ü/../1",20,1\n')
    report_landmarks(tmp_path / "found.csv", tmp_path / "truth.csv", tmp_path / "out", None)
    page = (tmp_path / "out" / "landmark_report.html").read_text()
    assert "&lt;b&gt;&amp;,ü/../1" in page
    assert "<b>" not in page


def test_the_worst_cases_are_drawn_where_there_are_images(new, localiser_file, tmp_path):
    localiser = load_localiser(localiser_file)[0]
    locate_files(find_scans(new / "images")[:2], localiser_file, tmp_path / "located", sizes={})
    (tmp_path / "some").mkdir()
    shutil.copy(new / "images" / "phantom0001.png", tmp_path / "some")
    report_landmarks(
        tmp_path / "located" / "landmarks.csv", new / "landmarks.csv", tmp_path / "out", None,
        images=[tmp_path / "some"], localiser=localiser,
    )  # fmt: skip
    page = (tmp_path / "out" / "landmark_report.html").read_text()
    assert page.count("<img") == 3
    assert "3 of the worst cases have no readable image in the folder." in page
    assert "there is no patient on this page" in page
    assert page.index("no patient") < page.index("<svg")


def test_millimetres_of_the_truth_are_counted_in_pixels_of_the_images(tables):
    (tables / "images").mkdir()
    for id_ in ("h1", "h2"):
        write_dicom(tables / "images" / f"{id_}.dcm", np.eye(30, dtype=np.uint16), PixelSpacing=[0.5, 0.25])
    convert_landmarks(read_landmarks(tables / "truth.csv"), "slicer", tables / "slicer", images=[tables / "images"])
    expected = report_landmarks(tables / "found.csv", tables / "truth.csv", None, None)
    seen = report_landmarks(
        tables / "found.csv", tables / "slicer", tables / "out", None, images=[tables / "images"], pictures=False
    )
    assert seen.splitlines()[:-1] == expected.splitlines()
    assert "slicer: positions of 2 rows without a readable image are taken as pixels." in seen
    assert "<img" not in (tables / "out" / "landmark_report.html").read_text()
    blind = report_landmarks(tables / "found.csv", tables / "slicer", None, None)
    assert "slicer: positions are taken as pixels: give --images" in blind


@pytest.fixture
def found_volumes(volumes, tmp_path):
    """Landmarks of two volumes and of one that is not there, off by three millimetres in depth."""
    truth = read_landmarks(volumes / "landmarks.csv")
    some = {id_: truth.points[id_] for id_ in ("volume1", "volume2")}
    off = {id_: Points(p.names, p.positions + np.array([1, 0, 0])) for id_, p in some.items()}
    write_landmarks(tmp_path / "found.csv", off)
    return tmp_path / "found.csv"


def test_errors_of_volumes_are_in_millimetres_of_their_files(volumes, found_volumes, tmp_path):
    text = report_landmarks(
        found_volumes, volumes / "landmarks.csv", tmp_path / "out", None, images=[volumes / "images"]
    )
    assert "Landmark errors in mm, by the spacing in the files" in text
    summary = json.loads((tmp_path / "out" / "landmark_summary.json").read_text())
    assert summary["overall"]["mean"] == pytest.approx(SPACING_MM[0])
    page = (tmp_path / "out" / "landmark_report.html").read_text()
    assert page.count("<img") == 6
    assert "large pictures" in page
    assert "from the front and the side" in page
    assert (tmp_path / "out" / "figures" / "map.svg").read_text().count("sagittal") == 1


def test_errors_of_volumes_without_their_files_are_in_voxels_and_that_is_told(volumes, found_volumes, tmp_path):
    text = report_landmarks(found_volumes, volumes / "landmarks.csv", None, None)
    assert "Landmark errors in voxel of the original image" in text
    assert "give --images for millimetres" in text
    by_length = report_landmarks(found_volumes, volumes / "landmarks.csv", None, "radius_physis:middle_tip=100%")
    assert "%" in by_length


def test_volumes_that_are_not_there_are_left_out(volumes, found_volumes, new, tmp_path):
    (tmp_path / "one").mkdir()
    shutil.copy(volumes / "images" / "volume2.nii.gz", tmp_path / "one")
    text = report_landmarks(found_volumes, volumes / "landmarks.csv", None, None, images=[tmp_path / "one"])
    assert "1 images x 34 landmarks" in text
    assert "1 volumes have no readable file in --images and are left out" in text
    with pytest.raises(ValueError, match="none of the volumes that have landmarks can be read"):
        report_landmarks(found_volumes, volumes / "landmarks.csv", None, None, images=[new / "images"])
