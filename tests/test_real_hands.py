"""Both stages on real radiographs, with the quick settings: do they still reach about what they should?

The figures themselves are in docs/benchmarks.md; these tests notice when something breaks.
"""

import numpy as np
import pytest

from boneage.evaluation import measure_landmarks, read_reference, summarise_ages, summarise_landmarks
from boneage.imaging import read_landmarks, split_ids
from boneage.landmarks import fast
from boneage.pipeline.age_training import cross_validate, prepare_regions, settings_for
from boneage.pipeline.bone_age import save_localiser
from boneage.pipeline.gathering import gather
from boneage.pipeline.training import train_localiser

pytestmark = [pytest.mark.real_data, pytest.mark.slow]


@pytest.fixture(scope="module")
def hands(real_data):
    """The annotated real hands, and their division into 43 and 17."""
    folder = real_data / "dha"
    table = folder / "landmarks37.csv"
    collection = gather([folder / "images"], landmarks=table, ages=[folder / "ages.csv"])
    return collection, split_ids(collection.annotated_ids, 43, 17, 1)


@pytest.fixture(scope="module")
def localiser(hands):
    collection, (train, _) = hands
    return train_localiser(collection.subset(train), fast(), seed=0, jobs=2)[0]


def test_landmarks_are_found_to_about_a_millimetre_and_a_half(hands, localiser, real_data):
    collection, (_, test) = hands
    found = {id_: localiser.locate(collection.scan(id_)) for id_ in test}
    truth = read_landmarks(real_data / "dha" / "landmarks37.csv").points
    reference = read_reference("ulna_styloid_tip:radius_styloid_tip=50mm")
    overall = summarise_landmarks(measure_landmarks(found, truth, reference))["overall"]
    assert overall["n"] == 17 * 37
    assert overall["mean"] < 2.0
    assert overall["beyond_10"] < 0.03


def test_ages_are_read_better_than_by_sex_alone(hands, localiser, tmp_path):
    save_localiser(tmp_path / "localiser.boneage", localiser, {})
    prepared = prepare_regions(hands[0], tmp_path / "localiser.boneage", cut_at_annotations=False, seed=0, jobs=1)
    rows = cross_validate(prepared.regions, settings_for(use_sex=True, epochs=20), n_folds=2, seed=0)
    truth = [row.truth for row in rows]
    assert len(rows) > 95
    mad = summarise_ages([row.predicted for row in rows], truth)["mad"]
    assert mad < 0.8 * np.abs(np.subtract([row.constant for row in rows], truth)).mean()
