import json
import math

import pytest

from boneage.imaging import InvalidTable
from boneage.pipeline.age_training import HeldOutAge
from boneage.pipeline.reporting import report_ages, report_cross_validation
from boneage.pipeline.training import LabelledRegions, Refusal


@pytest.fixture
def tables(tmp_path):
    """Two hands and a phantom: ages off by 6 and -12 months, the phantom refused."""
    (tmp_path / "ages.csv").write_text("id,boneage_months,sex\nh1,100,F\nh2,112,M\nphantom3,50,F\nh9,9,F\n")
    (tmp_path / "read.csv").write_text("id,bone_age_months\nh1,106.0\nh2,100.0\nphantom3,\n")
    return tmp_path


def test_age_errors_by_sex(tables):
    text = report_ages(tables / "read.csv", tables / "ages.csv", tables / "out")
    summary = json.loads((tables / "out" / "age_summary.json").read_text())
    assert "2 hands; 1 more have no age (refused)" in text
    assert "Research use only" in text
    assert summary["all"]["mad"] == pytest.approx(9)
    assert summary["all"]["bias"] == pytest.approx(-3)
    assert summary["girls"]["mad"] == 6
    assert summary["girls"]["mad_interval_95"] == [None, None]
    assert summary["n_phantoms"] == 0


def test_tables_that_cannot_be_compared_are_refused_by_name(tables):
    (tables / "other.csv").write_text("id,bone_age_months\nx,10\n")
    with pytest.raises(InvalidTable, match=r"other\.csv: has an age for no hand"):
        report_ages(tables / "other.csv", tables / "ages.csv", None)
    (tables / "other.csv").write_text("id,bone_age_months\nh1,ten\n")
    with pytest.raises(InvalidTable, match="id h1: bone_age_months must be a number, got 'ten'"):
        report_ages(tables / "other.csv", tables / "ages.csv", None)
    with pytest.raises(InvalidTable, match=r"ages\.csv.*bone_age_months"):
        report_ages(tables / "ages.csv", tables / "ages.csv", None)


def test_cross_validation_is_told_beside_its_baseline(tmp_path):
    rows = [HeldOutAge("h1", 0, "F", 100.0, 103.0, 120.0), HeldOutAge("h2", 1, None, 60.0, 61.0, 80.0)]
    regions = LabelledRegions(("h1", "h2"), (), (), (), 0, (Refusal("h3", "h3.png", "why"),))
    text = report_cross_validation(rows, regions, tmp_path)
    assert "2-fold" in text
    assert "2 hands; 1 left out" in text
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["model"]["mad"] == 2
    assert summary["constant by sex"]["mad"] == 20
    lines = (tmp_path / "predictions.csv").read_text().splitlines()
    assert lines[1:] == ["h1,0,F,100.00,103.00,120.00", "h2,1,,60.00,61.00,80.00"]
    assert not any(math.isnan(value) for value in summary["model"].values() if isinstance(value, float))
