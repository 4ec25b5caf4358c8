import json

import pytest

from boneage.landmarks import PRESETS
from tests.volume_hands import quick_settings

pytestmark = pytest.mark.usefixtures("no_pose_search")


def test_benchmark_compares_variants_and_keeps_every_error(boneage, known, tmp_path):
    arguments = (
        "landmarks", "benchmark", known / "images", "--landmarks", known / "landmarks.csv", "--out", tmp_path,
        "--compare", "fast", "--rounds", 2, "--train", 6, "--test", 3,
        "--reference", "ulna_styloid_tip:radius_styloid_tip=50mm",
    )  # fmt: skip
    code, out, _ = boneage(*arguments)
    assert code == 0
    assert "2 rounds, 3 test images each" in out
    assert "Measured at commit" in out
    assert "all of them phantoms (synthetic)" in out
    rows = (tmp_path / "errors.csv").read_text().splitlines()
    assert rows[0] == "variant,round,id,landmark,error,score"
    assert len(rows) == 1 + 2 * 2 * 3 * 37
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert list(summary["variants"]) == ["fast", "fast, vote weight 1"]
    assert summary["variants"]["fast"]["overall"]["n"] == 2 * 3 * 37
    assert len(summary["variants"]["fast"]["rounds"]) == 2
    page = (tmp_path / "report.html").read_text()
    assert page.count("<img") == 12
    assert "bone: carpals" in page
    assert boneage(*arguments)[1] == out


def test_benchmark_in_folds_without_pictures(boneage, known, tmp_path):
    code, out, _ = boneage(
        "landmarks", "benchmark", known / "images", "--landmarks", known / "landmarks.csv", "--out", tmp_path,
        "--compare", "fast", "--folds", 2, "--no-pictures",
    )  # fmt: skip
    assert code == 0
    assert "2 rounds, 6 test images each; 12 different images, each tested once" in out
    assert "<img" not in (tmp_path / "report.html").read_text()
    assert not list((tmp_path / "rounds").glob("*.png"))


def test_votes_without_images_are_refused(boneage, new, localiser_file, tmp_path):
    code, _, err = boneage(
        "landmarks", "report", "--predicted", new / "landmarks.csv", "--truth", new / "landmarks.csv",
        "--out", tmp_path, "--model", localiser_file,
    )  # fmt: skip
    assert code == 2
    assert "give both" in err


def test_benchmark_of_volumes_is_in_millimetres(boneage, volumes, tmp_path, monkeypatch):
    monkeypatch.setitem(PRESETS, "fast", lambda ndim: quick_settings())
    code, out, _ = boneage(
        "landmarks", "benchmark", volumes / "images", "--landmarks", volumes / "landmarks.csv", "--out", tmp_path,
        "--compare", "fast", "--rounds", 1, "--train", 5, "--test", 2,
    )  # fmt: skip
    assert code == 0
    assert "Localisation errors in mm, by the spacing in the files" in out
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["variants"]["fast"]["overall"]["median"] < 3
    page = (tmp_path / "report.html").read_text()
    assert page.count("<img") == 6
    assert "from the front and the side" in page
    assert "large pictures" in page
