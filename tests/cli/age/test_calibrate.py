from boneage.pipeline.pipeline import BoneAgePipeline
from tests.calibration_tables import write_tables


def test_a_lab_calibrates_and_reports_on_other_hands(boneage, pipeline, model_file, tmp_path):
    read, truth = write_tables(tmp_path, pipeline.name, 120)
    arguments = ("age", "calibrate", "--predicted", read, "--truth", truth, "--model", model_file)
    code, out, err = boneage(*arguments)
    assert code == 0, err
    assert "nothing was written: give --out" in out
    own = tmp_path / "folder" / "own.boneage"
    code, out, _ = boneage(*arguments, "--out", own)
    assert code == 0
    assert "girls of all ages: 80 %: +-" in out
    assert "offset of boys at " in out
    assert f"see {own}" in out
    name = BoneAgePipeline.load(own).name
    read, truth = write_tables(tmp_path, name, 80, seed=3, first=110, bias=0.0)
    code, out, err = boneage("age", "report", "--predicted", read, "--truth", truth, "--model", own)
    assert code == 0, err
    assert "90 %, all" in out
    assert "70 " in next(line for line in out.splitlines() if line.startswith("90 %, all")), "10 were calibrated by"


def test_what_cannot_be_calibrated_by_is_told_in_one_line(boneage, pipeline, model_file, tmp_path):
    read, truth = write_tables(tmp_path, pipeline.name, 10)
    code, out, err = boneage("age", "calibrate", "--predicted", read, "--truth", truth, "--model", model_file)
    assert (code, out) == (1, "")
    assert err.startswith("boneage: too few hands for intervals")
