import json

import pytest

from boneage.evaluation.reports.ages.coverage import summarise_coverage, tabulate_coverage
from boneage.evaluation.reports.ages.report import report_ages
from boneage.imaging import InvalidTable, read_ages
from boneage.imaging.tables import read_table
from boneage.pipeline.pipeline import BoneAgePipeline
from tests.calibration_tables import write_tables


@pytest.fixture
def tables(tmp_path):
    """Forty hands with an interval of 90 %, the last two without: all are covered but for the first."""
    rows = ["id,sex,bone_age_months,interval_low_months,interval_high_months,interval_level,interval_n_hands"]
    for k in range(40):
        low = 150 if k == 0 else 90
        cells = f"{low},160,0.9,{60 + k % 2}" if k < 38 else ",,,"
        rows.append(f"h{k},{'FM'[k % 2]},100,{cells}")
    (tmp_path / "read.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "ages.csv").write_text("id,boneage_months\n" + "".join(f"h{k},110\n" for k in range(40)))
    return tmp_path


def test_the_report_tells_coverage_where_there_are_intervals(tables):
    text = report_ages(tables / "read.csv", tables / "ages.csv", tables / "out")
    assert "90 %, all" in text
    assert "girls by 60 hands" in text
    summary = json.loads((tables / "out" / "summary.json").read_text())["coverage"]["0.9"]
    assert (summary["all"]["n_test"], summary["all"]["n_covered"]) == (38, 37)
    assert (summary["boys by 61 hands"]["part"], summary["boys by 61 hands"]["in_band"]) == (1.0, True)
    page = (tables / "out" / "report.html").read_text()
    assert "<h2>Intervals</h2>" in page


def test_without_intervals_there_is_no_such_section(tables):
    (tables / "read.csv").write_text("id,bone_age_months\nh1,100\n")
    assert "Intervals" not in report_ages(tables / "read.csv", tables / "ages.csv", None)


def test_half_an_interval_is_refused(tables):
    text = (tables / "read.csv").read_text().replace("90,160,0.9,60", "90,,0.9,60")
    (tables / "read.csv").write_text(text)
    with pytest.raises(InvalidTable, match="an interval needs all of interval_level"):
        report_ages(tables / "read.csv", tables / "ages.csv", None)


def test_with_its_model_three_levels_are_tested(calibrated_file, calibrated, pipeline, model_file, tmp_path):
    read, truth = write_tables(tmp_path, BoneAgePipeline.load(calibrated_file).name, 100, bias=0.0)
    known = read_ages(truth)
    summary = summarise_coverage(read_table(read), known, list(known), calibrated_file)
    assert list(summary) == ["0.8", "0.9", "0.95"]
    assert list(summary["0.9"]) == ["all", "girls of all ages", "boys of all ages"]
    assert len(tabulate_coverage(summary)[1]) == 9
    with pytest.raises(InvalidTable, match="the age is by the model"):
        summarise_coverage(read_table(read), known, list(known), model_file)
