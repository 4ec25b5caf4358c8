"""Nothing that a DICOM file says of a patient is found in what is written or told."""

import logging
import shutil
import warnings
import zipfile

import numpy as np
import pytest
from PIL import Image

from boneage.imaging import read_scan
from boneage.imaging.phantoms import draw_phantom_hand, join_hands
from tests.imaging.dicom.test_directory import write_disc
from tests.imaging.dicom_files import write_dicom, write_series

SENTINEL = {
    "PatientName": "Sentinel^Zelda",
    "PatientID": "SENT-4711",
    "PatientBirthDate": "20010203",
    "StudyDate": "20110405",
    "OtherPatientNames": "Zuleika^" + "Zelda" * 20,  # longer than the standard allows: decoders remark on it
    "ReferringPhysicianName": "Quackenbush^A",
    "InstitutionName": "Zeldahospital",
    "PatientComments": "Zelda came on 20110405",
    "PatientSex": "F",
}
TOLD = ("Sentinel", "Zelda", "Zuleika", "SENT-4711", "Quackenbush", "20010203", "2001-02-03", "20110405", "2011-04-05")


@pytest.fixture
def hands(new, tmp_path):
    """A hand, and one whose pixels are cut off, of one patient."""
    folder = tmp_path / "in"
    folder.mkdir()
    pixels = read_scan(new / "images" / "phantom0001.png").pixels.round().astype(np.uint16)
    with warnings.catch_warnings(action="ignore"):
        whole = write_dicom(folder / "whole.dcm", pixels, **SENTINEL)
    (folder / "broken.dcm").write_bytes(whole.read_bytes()[:-40_000])
    return folder


def find_told(folder, text, words=TOLD):
    """Return which words are in a text, or in the files of a folder or their names."""
    contents = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    contents += [str(path.relative_to(folder)).encode() for path in folder.rglob("*")] + [text.encode()]
    kinds = ("utf-8", "utf-16-le")
    return [word for word in words if any(word.encode(kind) in content for kind in kinds for content in contents)]


def test_nothing_of_a_patient_leaves_the_header(boneage, hands, model_file, tmp_path, caplog):
    out = tmp_path / "out"
    with caplog.at_level(logging.DEBUG):
        code, told, err = boneage("predict", hands, "--model", model_file, "--out", out, "--pages", "--explain")
    assert code == 3
    assert (out / "cases" / "whole.html").is_file()
    assert "chronological age" in (out / "cases" / "whole.html").read_text()
    assert find_told(out, told + err + caplog.text) == []


def test_identifiers_are_on_pages_alone_and_where_they_are_asked_for(boneage, hands, model_file, tmp_path):
    out = tmp_path / "out"
    boneage("predict", hands, "--model", model_file, "--out", out, "--pages", "--with-identifiers")
    page = out / "cases" / "whole.html"
    assert all(word in page.read_text() for word in ("Sentinel^Zelda", "SENT-4711", "2001-02-03", "2011-04-05"))
    page.unlink()
    assert find_told(out, "") == []
    code, _, err = boneage("predict", hands, "--model", model_file, "--out", out, "--with-identifiers")
    assert code == 2
    assert "give --pages too" in err


def test_anonymous_ids_leave_no_name_of_a_file(boneage, hands, model_file, tmp_path):
    out = tmp_path / "out"
    shutil.copy(hands / "whole.dcm", hands / "Sentinel Zelda.dcm")
    (hands / "Zuleika.txt").write_text("no image")
    arguments = ("predict", hands, "--model", model_file, "--pages", "--anonymous-ids")
    code, told, err = boneage(*arguments, "--out", out)
    assert code == 3
    assert find_told(out, told + err, (*TOLD, "whole.dcm", "broken.dcm")) == []
    assert (out / "cases" / "000001.html").is_file()
    key = (tmp_path / "out-key.csv").read_text()
    assert "000001,Sentinel Zelda.dcm" in key
    assert boneage(*arguments)[0] == 2


@pytest.fixture
def places(new, tmp_path):
    """A zip of a hand and of no picture, a disc, a picture of two hands, and slices that lie at one place."""
    zelda, hand = tmp_path / "Zelda", new / "images" / "phantom0001.png"
    zelda.mkdir()
    with zipfile.ZipFile(zelda / "Zuleika's hands.zip", "w") as archive:
        archive.write(hand, "Sentinel/Zelda 1.png")
        archive.writestr("Sentinel/Zuleika.png", b"\x89PNG\r\n\x1a\n no picture")
    with warnings.catch_warnings(action="ignore"):
        disc = write_disc(zelda / "disc", [[(300, SENTINEL), (200, SENTINEL)]])
    hands = [draw_phantom_hand(np.random.default_rng(seed), sex="F", age_months=120.0) for seed in (4, 13)]
    pair, *_ = join_hands(*((hand.scan, hand.points) for hand in hands))
    Image.fromarray(pair.pixels.astype(np.uint8)).save(zelda / "Quackenbush both.png")
    slices = zelda / "series" / "Sentinel"
    slices.mkdir(parents=True)
    write_series(slices, np.ones((3, 20, 20)))
    for k, path in enumerate(sorted(slices.iterdir())):
        path.rename(slices / f"Zelda {k}.dcm")
    shutil.copy(slices / "Zelda 0.dcm", slices / "Zelda 9.dcm")
    return [zelda / "Zuleika's hands.zip", disc, zelda / "Quackenbush both.png", zelda / "series"]


def test_anonymous_ids_leave_no_name_of_zips_discs_slices_and_second_hands(boneage, places, model_file, tmp_path):
    out = tmp_path / "out"
    options = ("--model", model_file, "--sex", "F", "--pages", "--explain", "--anonymous-ids")
    _, told, err = boneage("predict", *places, *options, "--all-hands", "--out", out)
    assert find_told(out, told + err, (*TOLD, "disc", "both")) == []
    lines = (out / "ages.csv").read_text().splitlines()
    ids = [line.partition(",")[0] for line in lines]
    assert {"000001", "000002", "000003", "000004", "000004#2", "000005"} <= {*ids}, lines
    assert any("two slices lie at the same place" in line for line in lines), lines
    assert "Zuleika's hands.zip/Sentinel/Zelda 1.png" in (tmp_path / "out-key.csv").read_text()
