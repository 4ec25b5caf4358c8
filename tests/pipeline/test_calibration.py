import dataclasses

import pytest

from boneage.imaging import InvalidTable, read_scan
from boneage.imaging.errors import InvalidInput
from boneage.pipeline.calibration import calibrate_model
from boneage.pipeline.pipeline import BoneAgePipeline
from boneage.pipeline.storage.model_file import load_model
from tests.calibration_tables import write_tables


def test_a_lab_gets_its_own_offset_and_intervals(pipeline, model_file, new, tmp_path):
    read, truth = write_tables(tmp_path, pipeline.name, 120)
    before = model_file.read_bytes()
    made = calibrate_model(read, truth, model_file, tmp_path / "own.boneage")
    assert model_file.read_bytes() == before
    own = BoneAgePipeline.load(tmp_path / "own.boneage")
    assert own.calibration == made.calibration
    assert made.remarks == ()
    assert made.n_corrected + made.calibration.n_hands == 120
    shifts = {knot.sex: knot.shift_months for knot in made.calibration.corrections[0].knots}
    assert shifts == {"F": pytest.approx(-6, abs=4), "M": pytest.approx(6, abs=4)}
    scan = read_scan(new / "images" / "phantom0001.png")
    plain, result = pipeline.assess(scan, sex="F").estimate, own.assess(scan, sex="F").estimate
    assert result.months == pytest.approx(plain.months + shifts["F"])
    assert result.interval.low_months < result.months < result.interval.high_months
    files = [load_model(path) for path in (model_file, tmp_path / "own.boneage")]
    assert {name: array.dtype for name, array in files[0].arrays.items()} == {
        name: array.dtype for name, array in files[1].arrays.items()
    }


def test_without_an_offset_ages_stay_and_all_hands_make_intervals(pipeline, model_file, tmp_path):
    made = calibrate_model(*write_tables(tmp_path, pipeline.name, 60), model_file, offset=False)
    assert (made.n_corrected, made.calibration.n_hands, made.calibration.corrections) == (0, 60, ())
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".boneage"] == []


def test_a_calibrated_model_can_be_calibrated_again_on_top(pipeline, model_file, tmp_path):
    once = tmp_path / "once.boneage"
    first = calibrate_model(*write_tables(tmp_path, pipeline.name, 120), model_file, once)
    name = BoneAgePipeline.load(once).name
    again = calibrate_model(*write_tables(tmp_path, name, 120, seed=1, first=500, bias=2.0), once)
    assert again.calibration.corrections[:-1] == first.calibration.corrections
    assert not again.calibration.used("lab0")


def test_rows_without_an_age_a_truth_or_regions_are_left_out_or_told(pipeline, model_file, tmp_path):
    read, truth = write_tables(tmp_path, pipeline.name, 100)
    lines = read.read_text().splitlines()
    lines[1] = f"lab0,refused,F,,,,,,{pipeline.name}"
    lines[2] = ",".join([*lines[2].split(",")[:4], "", "", "", "", pipeline.name])
    lines.append(lines[3].replace("lab2", "unknown"))
    read.write_text("\n".join(lines) + "\n")
    made = calibrate_model(read, truth, model_file, offset=False)
    assert made.calibration.n_hands == 99
    assert made.remarks == (f"1 rows have no age in {truth}", "1 hands were refused", "1 hands have no ages of regions")


def test_hands_that_the_model_was_trained_on_are_refused_by_their_ids(pipeline, model_file, tmp_path):
    trained = sorted(pipeline.trained_ids)[:4]
    tables = write_tables(tmp_path, pipeline.name, 100, trained=trained)
    with pytest.raises(InvalidInput, match=rf"was trained on 4 of these hands \({trained[0]}, .*…\): calibrate by"):
        calibrate_model(*tables, model_file, tmp_path / "out.boneage")
    assert not (tmp_path / "out.boneage").exists()


def test_hands_that_the_localiser_was_trained_on_are_told(pipeline, tmp_path):
    model = tmp_path / "located.boneage"
    dataclasses.replace(pipeline, summary={**pipeline.summary, "age": {}}).save(model)
    read, truth = write_tables(tmp_path, BoneAgePipeline.load(model).name, 60, trained=sorted(pipeline.trained_ids)[:4])
    made = calibrate_model(read, truth, model)
    assert made.remarks == (
        "the localiser was trained on 4 of these hands: it may place their landmarks better than those of new ones",
    )


def test_ages_by_another_model_are_refused_and_a_renamed_file_is_the_same(pipeline, model_file, tmp_path):
    renamed = "renamed.boneage " + pipeline.name.split(" ")[-1]
    assert calibrate_model(*write_tables(tmp_path, renamed, 60), model_file).calibration.n_hands > 20
    with pytest.raises(
        InvalidTable, match=r"line 2, id lab0: the age is by the model hand\.boneage 0123, not by model"
    ):
        calibrate_model(*write_tables(tmp_path, "hand.boneage 0123", 60), model_file)


def test_tables_that_do_not_fit_together_are_refused(pipeline, model_file, tmp_path):
    read, truth = write_tables(tmp_path, pipeline.name, 60)
    other = tmp_path / "other.csv"
    other.write_text("id,boneage_months,sex\nx,100,F\n")
    with pytest.raises(InvalidTable, match=r"read\.csv: has no id that .*other\.csv knows"):
        calibrate_model(read, other, model_file)
    other.write_text("id,boneage_months,sex\nlab0,100,M\n")
    with pytest.raises(InvalidTable, match="was read with sex F, but the true one is M"):
        calibrate_model(read, other, model_file)
    other.write_text("id,bone_age_months\nlab0,100\n")
    with pytest.raises(InvalidTable, match="lacks the column 'model'"):
        calibrate_model(other, truth, model_file)
    other.write_text("id,bone_age_months,model\nlab0,,m\n")
    with pytest.raises(InvalidTable, match="has no age for any of the 1 hands"):
        calibrate_model(other, truth, model_file)


def test_too_few_hands_are_refused(pipeline, model_file, tmp_path):
    tables = write_tables(tmp_path, pipeline.name, 20)
    with pytest.raises(InvalidInput, match="too few hands for intervals: at least 9 of one sex are needed"):
        calibrate_model(*tables, model_file)
