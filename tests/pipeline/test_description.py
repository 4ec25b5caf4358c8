import dataclasses

import pytest

from boneage.imaging.errors import InvalidModelFile
from boneage.pipeline.description import describe_calibration, describe_model
from boneage.pipeline.storage.model_file import ModelFile, load_model, save_model
from boneage.regression import BiasCorrection
from boneage.regression.bias_correction import Knot


def test_a_pipeline_is_described_with_its_parts(model_file, pipeline):
    facts = dict(describe_model(model_file))
    assert facts["sha256"] == load_model(model_file).sha256
    assert facts["reads"] == "radiographs"
    assert facts["localiser"].startswith("37 landmarks")
    assert "trained on 12 hands, 12 of them phantoms" in facts["localiser"]
    assert facts["age model 1"].startswith("multiregion of ")
    assert "17 regions of 64 x 64 pixels (radius, ulna, " in facts["age model 1"]
    assert "uses the sex, trained on 12 hands" in facts["age model 1"]
    assert facts["hands whose ages were seen"] == "12"
    assert facts["intervals"] == "none: the model holds no calibration"
    assert facts["licence"].startswith("not stated in the file")


def test_several_age_models_and_none_at_all_are_described(joined_file, whole_model_file, localiser_file):
    assert [name for name, _ in describe_model(joined_file) if name.startswith("age model")] == [
        "age model 1",
        "age model 2",
    ]
    assert dict(describe_model(whole_model_file))["localiser"] == "none: the image is read as it is"
    assert {"localiser", "landmarks"} <= dict(describe_model(localiser_file)).keys()
    assert "reads" not in dict(describe_model(localiser_file))


def test_the_shipped_model_says_where_its_terms_are():
    facts = dict(describe_model())
    assert "docs/model-card.md" in facts["licence"]
    assert facts["age model 1"].endswith("trained on 9544 hands")
    assert facts["intervals"].endswith("605 hands")


def test_a_calibration_is_described_by_cell_and_offset(calibrated):
    correction = BiasCorrection((Knot("F", 120.0, -3.0, 0.8, 70),))
    facts = dict(describe_calibration(dataclasses.replace(calibrated.calibration, corrections=(correction,))))
    assert facts["intervals"] == "split conformal by sex and predicted age, 418 hands"
    assert facts["  girls of all ages"] == "80 %: +-16.8, 90 %: +-18.9, 95 %: +-20.0 months, 209 hands"
    assert facts["  offset of girls at 10.0 years"] == "-3.0 months (standard error 0.8), 70 hands"
    scaled = dict(describe_calibration(dataclasses.replace(calibrated.calibration, least_spread_months=2.0)))
    assert "90 %: +-18.90 x (2.0 + spread)" in scaled["  boys of all ages"]


def test_a_model_of_another_kind_is_refused(tmp_path):
    save_model(tmp_path / "other.boneage", ModelFile("engine", {}, {}))
    with pytest.raises(InvalidModelFile, match="of kind 'engine'"):
        describe_model(tmp_path / "other.boneage")
