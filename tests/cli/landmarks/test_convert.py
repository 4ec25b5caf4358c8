from typing import get_args

import pytest

from boneage.cli.landmarks.convert import FormatName, SourceFormatName
from boneage.imaging import FORMATS, read_landmarks


def test_every_format_can_be_asked_for():
    assert set(get_args(SourceFormatName)) == set(FORMATS)
    assert set(get_args(FormatName)) == {name for name, format_ in FORMATS.items() if format_.render}


@pytest.mark.parametrize("name", get_args(FormatName))
def test_convert_there_and_back(boneage, new, tmp_path, name):
    code, out, _ = boneage("landmarks", "convert", new / "landmarks.csv", "--to", name, "--out", tmp_path / "there")
    assert code == 0
    assert "3 images x 37 landmarks (0 absent)" in out
    code, _, _ = boneage("landmarks", "convert", tmp_path / "there", "--to", "csv", "--out", tmp_path / "back.csv")
    assert code == 0
    assert (tmp_path / "back.csv").read_text() == (new / "landmarks.csv").read_text()


def test_other_formats_are_read_wherever_landmarks_are(boneage, new, tmp_path):
    boneage("landmarks", "convert", new / "landmarks.csv", "--to", "voc", "--out", tmp_path / "voc")
    code, out, _ = boneage("landmarks", "report", "--predicted", tmp_path / "voc", "--truth", new / "landmarks.csv")
    assert code == 0
    assert "0 of 111 not found" in out
    code, _, _ = boneage(
        "split", new / "images", "--landmarks", tmp_path / "voc", "--train", 2, "--test", 1, "--out", tmp_path / "split"
    )
    assert code == 0


def test_convert_tells_what_it_leaves_out_and_what_is_wrong(boneage, new, tmp_path):
    rows = (new / "landmarks.csv").read_text().splitlines()
    cells = rows[1].split(",")
    (tmp_path / "some.csv").write_text("\n".join([rows[0], ",".join([cells[0], "", "", *cells[3:]]), *rows[2:]]))
    arguments = ("landmarks", "convert", tmp_path / "some.csv", "--to", "label-studio", "--out", tmp_path / "out.json")
    code, out, err = boneage(*arguments)
    assert code == 3
    assert "2 images x 37" in out
    assert "1 images left out, phantom0001 first: label-studio needs width and height" in err
    assert boneage(*arguments, "--images", new / "images")[0] == 0
    assert boneage(*arguments, "--order", "Radius")[0] == 2
    code, _, err = boneage(*arguments[:2], tmp_path / "out.json", *arguments[3:], "--from", "coco")
    assert code == 1
    assert "out.json: the file must be an object" in err


def test_names_lead_from_one_scheme_to_another(boneage, new, tmp_path):
    code, out, _ = boneage(
        "landmarks", "convert", new / "landmarks.csv", "--to", "csv", "--out", tmp_path / "out.csv",
        "--names", "hand37_to_hand21",
    )  # fmt: skip
    assert code == 0
    assert "3 images x 20 landmarks" in out
    moved, first = read_landmarks(tmp_path / "out.csv").points["phantom0001"], read_landmarks(new / "landmarks.csv")
    assert moved.position("thumb4").tolist() == first.points["phantom0001"].position("thumb_tip").tolist()
