import pytest


@pytest.fixture
def tables(tmp_path):
    (tmp_path / "ages.csv").write_text("id,boneage,male\n1,100,True\n7,112,0\n")
    (tmp_path / "read.csv").write_text("id,bone_age_months\n1,106.0\n7,100.0\n")
    return tmp_path


def test_errors_are_told_by_group_and_written_if_asked_to(boneage, tables):
    arguments = ("age", "report", "--predicted", tables / "read.csv", "--truth", tables / "ages.csv")
    code, out, _ = boneage(*arguments, "--strata", "5")
    assert code == 0
    assert "sex: boys" in out
    assert "stratum: ids from 5" in out
    code, _, _ = boneage(*arguments, "--out", tables / "out", "--pictures")
    assert code == 0
    assert {path.name for path in (tables / "out").iterdir()} == {
        "errors.csv",
        "summary.json",
        "report.html",
        "figures",
    }


@pytest.mark.parametrize("strata", ["low,high", "9,5", "5,5"])
def test_strata_that_are_no_bounds_are_a_wrong_usage(boneage, tables, strata):
    code, _, err = boneage(
        "age", "report", "--predicted", tables / "read.csv", "--truth", tables / "ages.csv", "--strata", strata
    )
    assert code == 2
    assert "increasing whole numbers" in err
