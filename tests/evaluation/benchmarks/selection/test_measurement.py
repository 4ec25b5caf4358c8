import dataclasses

import numpy as np
import pytest

from boneage.evaluation.benchmarks.selection.landmarks import LandmarkTask
from boneage.evaluation.benchmarks.selection.measurement import Step, StrategyRun
from boneage.evaluation.benchmarks.selection.plan import Draw
from boneage.evaluation.metrics import Reference
from boneage.imaging.errors import UnusableOutput
from boneage.landmarks import fast
from boneage.pipeline.data import load_collection
from boneage.pipeline.selection import Pool


@pytest.fixture
def task(known, tmp_path):
    """The first hands of twelve phantoms, chosen by k-centre from made-up features: nothing is trained for it."""
    collection = load_collection([known / "images"], landmarks=known / "landmarks.csv")
    ids = collection.ids
    pool = Pool(ids, np.eye(12), np.zeros(12, bool), ("girls", "boys") * 6, {}, "numbers")
    draw = Draw(0, 0, ids[:2], ids[2:4], ids[2:])
    unit = Reference("ulna_styloid_tip", "radius_styloid_tip", 50.0, "mm")
    return LandmarkTask("cold", "k-centre", draw, (2, 3), pool, tmp_path / "cold-00.json", fast(), unit, collection)


def test_a_run_survives_its_file():
    run = StrategyRun("random", 3, (Step(("a",), np.array([[np.inf, 2.0]])),), 1.0)
    again = StrategyRun.from_json(run.to_json())
    assert again.steps[0].ids == ("a",)
    assert np.array_equal(again.steps[0].distances, run.steps[0].distances)


def move_landmarks(collection):
    """Return the collection with the landmarks of one hand a pixel beside their places."""
    points = dict(collection.landmarks.points)
    first = collection.ids[0]
    points[first] = dataclasses.replace(points[first], positions=points[first].positions + 1)
    return dataclasses.replace(collection, landmarks=dataclasses.replace(collection.landmarks, points=points))


def test_the_key_names_what_is_measured(task):
    others = [
        dataclasses.replace(task, collection=move_landmarks(task.collection)),
        dataclasses.replace(task, pool=dataclasses.replace(task.pool, described_by="other numbers")),
        dataclasses.replace(task, pool=dataclasses.replace(task.pool, strata=("girls",) * 12)),
        dataclasses.replace(task, strategy="medoid"),
        dataclasses.replace(task, part="growing"),
        dataclasses.replace(task, sizes=(2, 4)),
        dataclasses.replace(task, draw=dataclasses.replace(task.draw, seed=1)),
        dataclasses.replace(task, settings=dataclasses.replace(fast(), min_score=0.1)),
    ]
    assert len({task.key, *(other.key for other in others)}) == 9
    assert dataclasses.replace(task).key == task.key


def test_hands_are_chosen_from_the_pool_of_the_repeat(task):
    chosen = task._choose((), 5, None)
    assert set(chosen) <= set(task.draw.pool)
    assert len(set(chosen)) == 5
    more = task._choose(task.draw.start, 8, None)
    assert set(more) == set(task.draw.pool) - set(task.draw.start)


def test_a_damaged_file_is_named(task):
    assert task.load() is None
    task.file.write_text("{")
    with pytest.raises(UnusableOutput, match="is no round of a benchmark"):
        task.load()
