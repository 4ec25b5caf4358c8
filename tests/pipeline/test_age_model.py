import dataclasses
import json

import numpy as np
import pytest

from boneage.imaging import Points
from boneage.pipeline.age_model import AgeReader
from boneage.pipeline.pipeline import BoneAgePipeline
from boneage.regression import Cutting


@pytest.fixture(scope="module")
def reader(pipeline):
    return pipeline.only_reader


def test_state_is_plain_data_from_which_the_same_age_is_read(reader, prepared):
    settings, arrays = reader.to_state()
    again = AgeReader.from_state(
        json.loads(json.dumps(settings)), {name: array.copy() for name, array in arrays.items()}
    )
    assert again.cutting == reader.cutting
    stack = prepared.regions.inputs[0]
    assert again.regressor.predict([stack], ["F"]) == reader.regressor.predict([stack], ["F"])


@pytest.mark.parametrize(
    "cutting",
    [Cutting("whole", 64), Cutting("regions", 32), Cutting("hand+regions", 64), Cutting(ndim=3)],
    ids=["other regions", "another side", "more regions", "cubes"],
)
def test_an_age_model_reads_what_it_has_learnt_from_and_nothing_else(reader, cutting):
    with pytest.raises(
        ValueError, match=r"trained on 17 regions of shape \(64, 64\), but \d+ of shape .* would be cut"
    ):
        dataclasses.replace(reader, cutting=cutting)


def test_what_is_cut_by_landmarks_needs_a_localiser_that_finds_them(reader, pipeline, whole_model_file):
    reader.check_localiser(pipeline.localiser)
    with pytest.raises(ValueError, match="cutting regions needs a localiser"):
        reader.check_localiser(None)
    BoneAgePipeline.load(whole_model_file).only_reader.check_localiser(None)


class Finder:
    """As much of a localiser as is asked."""

    def __init__(self, points):
        self.ndim, self.names_ = points.ndim, points.names


def test_a_localiser_of_other_scans_or_other_landmarks_is_refused(reader):
    volume = Finder(Points(("a", "b"), np.zeros((2, 3))))
    with pytest.raises(ValueError, match="the localiser is of 3D scans, the regions 2D"):
        reader.check_localiser(volume)
    with pytest.raises(ValueError, match="17 of 17 regions"):
        reader.check_localiser(Finder(Points(("a", "b"), np.zeros((2, 2)))))
