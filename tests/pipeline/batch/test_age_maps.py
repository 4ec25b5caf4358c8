import csv
import dataclasses

import numpy as np
import pytest
from PIL import Image

from boneage.imaging import find_scans, read_landmarks
from boneage.imaging.errors import InvalidInput
from boneage.pipeline.batch.age_maps import map_files
from boneage.pipeline.pipeline import BoneAgePipeline
from boneage.regression import BiasCorrection, Calibration
from boneage.regression.bias_correction import Knot
from boneage.regression.calibration import CalibrationCell


def read_rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def mapped(new, hand_model_file, tmp_path_factory):
    """The maps of three phantom hands, of which the second is told in two ways: as a file and as a resized copy."""
    folder = tmp_path_factory.mktemp("mapped")
    (folder / "in").mkdir()
    with Image.open(new / "images" / "phantom0002.png") as image:
        image.resize((image.width // 2, image.height // 2), Image.Resampling.BOX).save(folder / "in" / "half.png")
        sizes = {"half": (image.height, image.width)}
    paths = [*find_scans(new / "images"), folder / "in" / "half.png"]
    sexes = dict.fromkeys((path.stem for path in paths), "F")
    map_files(paths, hand_model_file, folder, sexes=sexes, sizes=sizes)
    return folder


def test_the_map_at_the_trained_size_makes_up_the_age(mapped):
    for row in read_rows(mapped / "age_maps.csv"):
        assert row["status"] == "ok"
        assert row["cells"] == "9 x 9"
        assert float(row["map_months"]) == pytest.approx(float(row["bone_age_months"]), abs=0.02)
        assert float(row["lowest_months"]) <= float(row["median_months"]) <= float(row["highest_months"])
        cells = read_rows(mapped / "maps" / f"{row['id']}.csv")
        total = sum(float(cell["months"]) * float(cell["weight"]) for cell in cells)
        assert total == pytest.approx(float(row["map_months"]), abs=0.02)
        assert row["model"].startswith("hand.boneage ")


def test_a_map_makes_up_the_age_before_its_bias_is_corrected(mapped, new, hand_model_file, tmp_path):
    correction = BiasCorrection((Knot("F", 100.0, 20.0, 1.0, 60),))
    calibration = Calibration((CalibrationCell("F", 0.0, (10.0,) * 20),), (correction,))
    model = dataclasses.replace(BoneAgePipeline.load(hand_model_file), calibration=calibration)
    model.save(tmp_path / "corrected.boneage")
    path = new / "images" / "phantom0001.png"
    map_files([path], tmp_path / "corrected.boneage", tmp_path, sexes={path.stem: "F"}, sizes={})
    row, plain = read_rows(tmp_path / "age_maps.csv")[0], read_rows(mapped / "age_maps.csv")[0]
    assert (row["bone_age_months"], row["map_months"]) == (plain["bone_age_months"], plain["map_months"])


def test_cells_lie_on_the_hand_in_original_pixels(mapped, new):
    joint = read_landmarks(new / "landmarks.csv").points["phantom0002"].position("middle_MCP")
    for id_ in ("phantom0002", "half"):
        cells = read_rows(mapped / "maps" / f"{id_}.csv")
        assert len(cells) == 81
        places = np.array([(float(cell["y"]), float(cell["x"])) for cell in cells])
        across = np.ptp(places, axis=0)
        assert np.abs(places.mean(axis=0) - joint).max() < across.max()
        assert 0.1 * 900 < across.max() < 900  # of a picture 900 pixels high


def test_a_larger_side_has_more_cells_and_one_below_the_window_is_refused(new, hand_model_file, tmp_path):
    path = new / "images" / "phantom0001.png"
    map_files([path], hand_model_file, tmp_path / "a", sexes={path.stem: "M"}, sizes={}, side=60)
    assert read_rows(tmp_path / "a" / "age_maps.csv")[0]["cells"] == "15 x 15"
    with pytest.raises(ValueError, match="at least 32 pixels, which the network reads at once, got 31"):
        map_files([path], hand_model_file, tmp_path / "b", sexes={}, sizes={}, side=31)
    assert not (tmp_path / "b").exists()


def test_of_several_age_models_that_of_the_whole_hand_is_mapped(new, mapped, joined_file, tmp_path):
    paths = [new / "images" / "phantom0001.png"]
    map_files(paths, joined_file, tmp_path / "a", sexes="F", sizes={})
    (row,) = read_rows(tmp_path / "a" / "age_maps.csv")
    alone = next(row for row in read_rows(mapped / "age_maps.csv") if row["id"] == "phantom0001")
    assert row["model"].startswith("joined.boneage")
    assert [row[name] for name in ("bone_age_months", "map_months")] == [alone["bone_age_months"], alone["map_months"]]


def test_the_regions_of_a_hand_are_mapped_by_the_ages_that_make_up_the_prediction(new, calibrated_file, tmp_path):
    paths = [new / "images" / "phantom0001.png"]
    map_files(paths, calibrated_file, tmp_path / "a", sexes="F", sizes={})
    (row,) = read_rows(tmp_path / "a" / "age_maps.csv")
    result = BoneAgePipeline.load(calibrated_file).assess(paths[0], sex="F")
    assert row["cells"] == f"{np.isfinite(result.estimate.region_months).sum()} regions"
    assert float(row["bone_age_months"]) == pytest.approx(result.estimate.months, abs=0.01)
    assert float(row["map_months"]) == pytest.approx(result.estimate.months, abs=0.01)
    cells = read_rows(tmp_path / "a" / "maps" / "phantom0001.csv")
    total = sum(float(cell["months"]) * float(cell["weight"]) for cell in cells)
    assert total == pytest.approx(result.estimate.months, abs=0.3)
    with pytest.raises(InvalidInput, match="the side is that of a hand as one picture, but the model reads regions"):
        map_files(paths, calibrated_file, tmp_path / "b", sexes={}, sizes={}, side=60)
    assert not (tmp_path / "b").exists()


def test_a_model_of_volumes_makes_no_maps(new, volume_model_file, tmp_path):
    with pytest.raises(InvalidInput, match="maps of ages are of radiographs, but the model reads volumes"):
        map_files(find_scans(new / "images"), volume_model_file, tmp_path / "a", sexes={}, sizes={})


def test_a_hand_that_cannot_be_read_is_a_row_with_its_reason(new, hand_model_file, tmp_path):
    path = new / "images" / "phantom0001.png"
    results = map_files([path, new / "ages.csv"], hand_model_file, tmp_path, sexes={}, sizes={})
    assert [result.status for result in results] == ["refused", "refused"]
    rows = read_rows(tmp_path / "age_maps.csv")
    assert "the sex is not known" in rows[0]["reason"]
    assert rows[0]["map_months"] == rows[0]["cells"] == ""
    assert not list((tmp_path / "maps").iterdir())


def test_a_picture_that_fails_is_a_remark_and_the_map_stays_in_the_table(new, hand_model_file, tmp_path, monkeypatch):
    def fail(*_args, **_kwargs):
        raise MemoryError

    monkeypatch.setattr("boneage.pipeline.batch.age_maps.draw_age_map", fail)
    map_files([new / "images" / "phantom0001.png"], hand_model_file, tmp_path, sexes="F", sizes={})
    (row,) = read_rows(tmp_path / "age_maps.csv")
    assert (row["status"], row["reason"]) == ("flagged", "the map could not be drawn (not enough memory)")
    assert row["map_months"]
    assert [path.name for path in (tmp_path / "maps").iterdir()] == ["phantom0001.csv"]
