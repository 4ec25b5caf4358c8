import dataclasses

import numpy as np
import pytest

from boneage.imaging import read_scan
from boneage.pipeline.bone_age import BoneAgePipeline, load_localiser
from boneage.pipeline.model_files import InvalidModelFile, load_model, save_model


def test_a_saved_pipeline_reads_the_same_age(pipeline, model_file, new, tmp_path):
    scan = read_scan(new / "images" / "phantom0002.png")
    pipeline.save(tmp_path / "again.boneage")
    again = BoneAgePipeline.load(tmp_path / "again.boneage")
    one, other = pipeline.assess(scan, sex="F"), again.assess(scan, sex="F")
    np.testing.assert_array_equal(one.points.positions, other.points.positions)
    assert one.estimate.months == pytest.approx(other.estimate.months, abs=1e-4)
    assert (tmp_path / "again.boneage").read_bytes() == model_file.read_bytes()


def test_the_name_says_which_file_it_was(pipeline, model_file):
    assert pipeline.name == f"model.boneage {load_model(model_file).sha256[:12]}"
    assert pipeline.summary["age"]["n_phantoms"] == pipeline.summary["age"]["n_hands"] == 12


def test_a_localiser_comes_from_its_own_file_or_a_pipelines(localiser_file, model_file, new):
    scan = read_scan(new / "images" / "phantom0001.png")
    (alone, summary), (within, inner) = load_localiser(localiser_file), load_localiser(model_file)
    np.testing.assert_array_equal(alone.locate(scan).positions, within.locate(scan).positions)
    assert summary == inner
    assert summary["n_hands"] == summary["n_phantoms"] == 12


def test_a_localiser_is_no_age_model(localiser_file):
    with pytest.raises(InvalidModelFile, match=r"localiser.*'pipeline' is needed"):
        BoneAgePipeline.load(localiser_file)


@pytest.mark.parametrize(
    "change",
    [
        lambda s, a: s["localiser"]["names"].pop(),
        lambda s, a: s["regressor"]["regions"].pop(),
        lambda s, a: s["sites"].pop(),
        lambda s, a: s.pop("side"),
        lambda s, a: a.pop("localiser/mean_shape"),
        lambda s, a: a.update({"localiser/mean_shape": np.full((37, 2), np.nan)}),
    ],
    ids=["landmark names", "regions", "sites", "side", "array missing", "NaN"],
)
def test_parts_that_do_not_fit_together_are_refused(model_file, tmp_path, change):
    model = load_model(model_file)
    settings, arrays = dict(model.settings), dict(model.arrays)
    change(settings, arrays)
    save_model(tmp_path / "odd.boneage", dataclasses.replace(model, settings=settings, arrays=arrays))
    with pytest.raises(InvalidModelFile, match=r"odd\.boneage: its contents do not fit together"):
        BoneAgePipeline.load(tmp_path / "odd.boneage")
