import pytest

from boneage.evaluation.benchmarks.selection.benchmark import run_selection_benchmark
from boneage.evaluation.benchmarks.selection.plan import SelectionPlan
from boneage.imaging.errors import InvalidInput
from boneage.pipeline.data import load_collection


def test_volumes_and_too_few_hands_are_refused(known, volumes, tmp_path):
    in_space = load_collection([volumes / "images"], landmarks=volumes / "landmarks.csv")
    with pytest.raises(InvalidInput, match="these are volumes"):
        run_selection_benchmark(in_space, SelectionPlan(), tmp_path)
    few = load_collection([known / "images"], landmarks=known / "landmarks.csv", ages=[known / "ages.csv"])
    with pytest.raises(InvalidInput, match="needs 90 annotated hands that can be read, there are 12"):
        run_selection_benchmark(few, SelectionPlan(), tmp_path)
