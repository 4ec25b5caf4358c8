import json

import pytest
from PIL import Image

from boneage.evaluation.reports.ages.report import report_ages
from boneage.imaging import InvalidTable


@pytest.fixture
def tables(tmp_path):
    """Two hands and a phantom: ages off by 6 and -12 months, the phantom refused."""
    (tmp_path / "ages.csv").write_text("id,boneage_months,sex\nh1,100,F\nh2,112,M\nphantom3,50,F\nh9,9,F\n")
    (tmp_path / "read.csv").write_text("id,bone_age_months\nh1,106.0\nh2,100.0\nphantom3,\n")
    return tmp_path


def test_age_errors_by_sex(tables):
    text = report_ages(tables / "read.csv", tables / "ages.csv", tables / "out")
    summary = json.loads((tables / "out" / "summary.json").read_text())
    assert "2 hands; 1 more have no age (refused)" in text
    assert "Research use only" in text
    assert summary["all"]["mad"] == pytest.approx(9)
    assert summary["all"]["bias"] == pytest.approx(-3)
    assert summary["groups"]["sex"]["girls"]["mad"] == 6
    assert summary["groups"]["sex"]["girls"]["mad_interval_95"] == [None, None]
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


def test_the_page_is_whole_and_every_hand_has_a_row(tables):
    report_ages(tables / "read.csv", tables / "ages.csv", tables / "out", strata=(5,))
    page = (tables / "out" / "report.html").read_text()
    assert page.count("Research use only") == 1
    assert page.count("<svg") == 5
    assert "stratum: ids that are no number" in page
    assert "pixels" not in page
    assert len(list((tables / "out" / "figures").iterdir())) == 5
    rows = (tables / "out" / "errors.csv").read_text().splitlines()
    assert rows == [
        "id,sex,boneage_months,bone_age_months,error_months",
        "h1,F,100.00,106.00,6.00",
        "h2,M,112.00,100.00,-12.00",
        "phantom3,F,50.00,,",
    ]


def test_pictures_are_put_on_the_page_only_if_asked_for(tables):
    (tables / "overlays").mkdir()
    Image.new("RGB", (70, 100)).save(tables / "overlays" / "h1.png")
    report_ages(tables / "read.csv", tables / "ages.csv", tables / "out", pictures=True)
    page = (tables / "out" / "report.html").read_text()
    assert page.count("<img") == 1
    assert "h1: +6.0 months" in page
    assert "patients" in page
    assert "1 of the worst hands have no picture" in page


def test_nothing_is_written_without_a_folder_and_strata_are_checked(tables):
    before = sorted(tables.iterdir())
    assert "bone age: 5 to 9 years" in report_ages(tables / "read.csv", tables / "ages.csv", None)
    assert sorted(tables.iterdir()) == before
    with pytest.raises(ValueError, match="increasing"):
        report_ages(tables / "read.csv", tables / "ages.csv", None, strata=(9, 5))
