import dataclasses
import json

import numpy as np
import pytest

from boneage.imaging import Points
from boneage.pipeline.age_model import AgeModel
from boneage.pipeline.pipeline import BoneAgePipeline
from boneage.regression import CropSpec


@pytest.fixture(scope="module")
def age_model(pipeline):
    return pipeline.only_age_model


def test_state_is_plain_data_from_which_the_same_age_is_read(age_model, prepared):
    settings, arrays = age_model.to_state()
    again = AgeModel.from_state(
        json.loads(json.dumps(settings)), {name: array.copy() for name, array in arrays.items()}
    )
    assert again.crop_spec == age_model.crop_spec
    stack = prepared.regions.inputs[0]
    assert again.regressor.predict([stack], ["F"]) == age_model.regressor.predict([stack], ["F"])


@pytest.mark.parametrize(
    "crop_spec",
    [CropSpec("whole", 64), CropSpec("regions", 32), CropSpec("hand+regions", 64), CropSpec(ndim=3)],
    ids=["other regions", "another side", "more regions", "cubes"],
)
def test_an_age_model_reads_what_it_has_learnt_from_and_nothing_else(age_model, crop_spec):
    with pytest.raises(
        ValueError, match=r"trained on 17 regions of shape \(64, 64\), but \d+ of shape .* would be cropped"
    ):
        dataclasses.replace(age_model, crop_spec=crop_spec)


def test_what_is_cut_by_landmarks_needs_a_localiser_that_finds_them(age_model, pipeline, whole_model_file):
    age_model.check_localiser(pipeline.localiser)
    with pytest.raises(ValueError, match="cropping regions needs a localiser"):
        age_model.check_localiser(None)
    BoneAgePipeline.load(whole_model_file).only_age_model.check_localiser(None)


class Finder:
    """As much of a localiser as is asked."""

    def __init__(self, points):
        self.ndim, self.names_ = points.ndim, points.names


def test_a_localiser_of_other_scans_or_other_landmarks_is_refused(age_model):
    volume = Finder(Points(("a", "b"), np.zeros((2, 3))))
    with pytest.raises(ValueError, match="the localiser is of 3D scans, the regions 2D"):
        age_model.check_localiser(volume)
    with pytest.raises(ValueError, match="17 of 17 regions"):
        age_model.check_localiser(Finder(Points(("a", "b"), np.zeros((2, 2)))))
