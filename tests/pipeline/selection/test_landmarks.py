from pathlib import Path

import numpy as np
import pytest

from boneage.imaging import LandmarkTable, Points
from boneage.imaging.errors import InvalidInput
from boneage.landmarks.selection import LocalisationDoubt
from boneage.pipeline.data import load_collection
from boneage.pipeline.selection import Pool, ask_localiser, join_doubts, open_localiser, read_pool


@pytest.fixture
def pool():
    """Three pictures."""
    return Pool(("a", "b", "c"), np.eye(3), np.zeros(3, bool), None, {}, "numbers")


def test_pictures_that_were_not_located_have_no_doubt_and_a_reason(pool):
    doubts = [
        LocalisationDoubt(1.0, 2.0, 3.0, np.zeros(4)),
        "is a volume",
        LocalisationDoubt(2.0, 1.0, 9.0, np.ones(4)),
    ]
    signals = join_doubts(pool, doubts)
    assert signals.silent == {"b": "is a volume"}
    assert signals.criteria["disagreement"] == pytest.approx([1, np.nan, 2], nan_ok=True)
    assert signals.criteria["combined"] == pytest.approx([1 / 3, np.nan, 2 / 3], nan_ok=True)
    assert np.isnan(signals.spaces["pose"][0]).all(axis=1).tolist() == [False, True, False]


def test_a_model_that_reads_nothing_is_told(pool):
    with pytest.raises(InvalidInput, match="reads no picture of the pool, such as a: is a volume"):
        join_doubts(pool, ["is a volume"] * 3)


def test_doubts_are_those_of_the_pool_for_any_number_of_processes(new, localiser_file):
    collection = load_collection([new / "images"])
    pool = read_pool(collection)
    one, two = (ask_localiser(open_localiser(localiser_file), collection, pool, jobs=jobs) for jobs in (1, 2))
    for name in ("disagreement", "spread", "implausibility", "combined"):
        assert np.array_equal(one.criteria[name], two.criteria[name])
        assert np.isfinite(one.criteria[name]).all()
    assert one.spaces["pose"][0].shape == (3, 74)


def test_a_model_of_other_landmarks_is_refused(localiser_file):
    table = LandmarkTable(Path("L.csv"), ("nose",), {"x": Points(("nose",), np.zeros((1, 2)))}, {}, {})
    with pytest.raises(InvalidInput, match=r"other landmarks, such as \w+, than L.csv has, such as nose"):
        open_localiser(localiser_file, table)
