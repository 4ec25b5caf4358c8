"""Nothing about hands is built in: another anatomy is trained on, located and reported by the same commands."""

import csv
import json
import re

import pytest

from boneage.imaging import read_landmarks
from tests.plates import NAMES, write_plates


@pytest.fixture(scope="module")
def plates(tmp_path_factory):
    """Sixteen plates to train on, and six others."""
    folder = tmp_path_factory.mktemp("plates")
    write_plates(folder / "known", 16, seed=0)
    write_plates(folder / "new", 6, seed=1)
    return folder


def test_plates_are_learnt_located_and_reported(boneage, plates, tmp_path):
    known, new, model = plates / "known", plates / "new", tmp_path / "plates.boneage"
    code, out, _ = boneage(
        "landmarks",
        "train",
        known / "images",
        "--landmarks",
        known / "landmarks.csv",
        "--model",
        model,
        "--preset",
        "fast",
    )
    assert code == 0
    assert "11 landmarks learnt from 16 images" in out
    code, out, _ = boneage(
        "landmarks",
        "locate",
        new / "images",
        "--model",
        model,
        "--out",
        tmp_path / "out",
        "--sizes",
        new / "landmarks.csv",
    )
    assert code == 0
    assert read_landmarks(tmp_path / "out" / "landmarks.csv").names == NAMES
    assert "6 files: 6 ok" in out
    code, out, _ = boneage(
        "landmarks", "report", "--predicted", tmp_path / "out" / "landmarks.csv", "--truth", new / "landmarks.csv",
        "--out", tmp_path / "report", "--reference", "heel:top=100%",
    )  # fmt: skip
    assert code == 0
    overall = json.loads((tmp_path / "report" / "landmark_summary.json").read_text())["overall"]
    assert overall["n"] == 6 * 11 - 1
    assert overall["n_not_found"] == 0
    assert overall["mean"] < 0.5  # percent of the plate's length
    assert overall["worst"] < 2
    page = (tmp_path / "report" / "landmark_report.html").read_text()
    assert not re.search(r"\bhands?\b", out + page, re.IGNORECASE)


def test_plates_are_benchmarked(boneage, plates, tmp_path):
    """From COCO, too, whose sizes tell that every third image is a resized copy."""
    known, coco = plates / "known", tmp_path / "keypoints.json"
    boneage(
        "landmarks", "convert", known / "landmarks.csv", "--to", "coco", "--out", coco, "--images", known / "images"
    )
    code, out, _ = boneage(
        "landmarks", "benchmark", known / "images", "--landmarks", coco, "--out", tmp_path / "out",
        "--compare", "fast", "--rounds", 1, "--train", 8, "--test", 4,
    )  # fmt: skip
    assert code == 0
    assert not re.search(r"\bhands?\b", out + (tmp_path / "out" / "report.html").read_text(), re.IGNORECASE)
    with (tmp_path / "out" / "errors.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["landmark"] for row in rows} == set(NAMES)
    assert (
        json.loads((tmp_path / "out" / "summary.json").read_text())["variants"]["fast"]["overall"]["median"] < 1
    )  # pixels
