import json
import math

import numpy as np
import pytest

from boneage.evaluation import LandmarkErrors
from boneage.pipeline.landmark_benchmark import Round
from boneage.pipeline.landmark_reporting import report_benchmark, report_landmarks


@pytest.fixture
def tables(tmp_path):
    """Two hands and a phantom: landmarks off by 3, 4 and 5 pixels, one not found."""
    (tmp_path / "truth.csv").write_text("id,a_x,a_y,b_x,b_y\nh1,0,0,10,0\nh2,0,0,20,0\nphantom3,5,5,15,5\nh4,1,1,2,2\n")
    (tmp_path / "found.csv").write_text("id,a_x,a_y,b_x,b_y\nh1,3,0,10,4\nh2,3,4,,\nphantom3,5,5,15,5\n")
    return tmp_path


def test_landmark_errors_in_pixels_and_by_a_reference(tables):
    text = report_landmarks(tables / "found.csv", tables / "truth.csv", tables / "out", None)
    assert "3 hands x 2 landmarks, 1 of them phantoms (synthetic); 1 of 6 not found" in text
    summary = json.loads((tables / "out" / "landmark_summary.json").read_text())
    assert summary["overall"]["mean"] == pytest.approx((3 + 4 + 5 + 0 + 0) / 5)
    assert summary["landmarks"]["b"]["n_not_found"] == 1
    assert summary["hands_without_prediction"] == 1
    rows = (tables / "out" / "landmark_errors.csv").read_text().splitlines()
    assert rows[0] == "id,landmark,error_px"
    assert "h2,b," in rows
    in_mm = report_landmarks(tables / "found.csv", tables / "truth.csv", None, "a:b=50mm")
    assert "Landmark errors in mm (a:b=50mm in every hand, by convention)" in in_mm
    page = (tables / "out" / "landmark_report.html").read_text()
    assert "3 hands x 2 landmarks" in page
    assert page.count("<svg") == 1


def test_tables_of_other_landmarks_are_refused(tables):
    (tables / "other.csv").write_text("id,c_x,c_y\nh1,0,0\n")
    with pytest.raises(ValueError, match="landmark"):
        report_landmarks(tables / "other.csv", tables / "truth.csv", None, None)


def test_a_report_in_which_nothing_was_found_has_no_figure(tables):
    (tables / "found.csv").write_text("id,a_x,a_y,b_x,b_y\nh1,,,,\nh2,,,,\n")
    text = report_landmarks(tables / "found.csv", tables / "truth.csv", tables / "out", None)
    assert "4 of 4 not found" in text
    assert "<svg" not in (tables / "out" / "landmark_report.html").read_text()


def test_a_benchmark_is_told_variant_by_variant(tmp_path):
    rng = np.random.default_rng(0)

    def measure(variant, number, factor):
        distances = rng.exponential(factor, (5, 3))
        distances[0, 0] = math.inf
        ids = ("h1", "h2", "h3", "phantom4", f"new{number}")
        return Round(
            variant, number, LandmarkErrors(ids, ("a", "b", "c"), distances, "mm", 1 / (1 + distances)), 9, 0.1
        )

    rounds = [measure(name, k, f) for k in (0, 1) for name, f in (("fast", 1.0), ("fast, vote weight 1", 1.5))]
    text = report_benchmark(rounds, tmp_path, "a:b=50mm")
    assert "Localisation errors in mm (a:b=50mm in every hand, by convention)" in text
    assert "2 rounds, 5 test hands each; 6 different hands, 1 of them phantoms (synthetic)" in text
    lines = [line.split() for line in text.splitlines() if line.startswith("fast")]
    assert len(lines) == 2
    assert lines[0][-4:] == ["9.0", "s", "100", "ms"]
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["variants"]["fast"]["overall"]["n_not_found"] == 2
    assert [r["n"] for r in summary["variants"]["fast"]["rounds"]] == [15, 15]
    page = (tmp_path / "report.html").read_text()
    assert page.count("<svg") == 1 + 2 * 2
    assert page.count("<h2>") == 2
    assert len((tmp_path / "errors.csv").read_text().splitlines()) == 1 + 4 * 15
