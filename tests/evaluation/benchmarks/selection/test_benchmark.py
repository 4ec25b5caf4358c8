import pytest

from boneage.evaluation.benchmarks.selection.benchmark import run_selection_benchmark
from boneage.evaluation.benchmarks.selection.plan import SelectionPlan
from boneage.imaging.errors import InvalidInput
from boneage.pipeline.data import load_collection

REFERENCE = "ulna_styloid_tip:radius_styloid_tip=50mm"


def test_volumes_and_too_few_hands_are_refused(known, volumes, tmp_path):
    in_space = load_collection([volumes / "images"], landmarks=volumes / "landmarks.csv")
    with pytest.raises(InvalidInput, match="these are volumes"):
        run_selection_benchmark(in_space, SelectionPlan(), tmp_path, REFERENCE)
    few = load_collection([known / "images"], landmarks=known / "landmarks.csv", ages=[known / "ages.csv"])
    with pytest.raises(InvalidInput, match="needs 90 annotated hands that can be read, there are 12"):
        run_selection_benchmark(few, SelectionPlan(), tmp_path, REFERENCE)


def test_hands_without_the_landmarks_of_the_reference_are_told_before_anything_is_measured(known, tmp_path):
    table = (known / "landmarks.csv").read_text().splitlines()
    column = table[0].split(",").index("ulna_styloid_tip_x")
    cells = table[3].split(",")
    cells[column : column + 2] = "", ""
    lacking = tmp_path / "landmarks.csv"
    lacking.write_text("\n".join([*table[:3], ",".join(cells), *table[4:]]) + "\n")
    hands = load_collection([known / "images"], landmarks=lacking, ages=[known / "ages.csv"])
    with pytest.raises(InvalidInput, match=f"in 1 of 12 hands, such as {cells[0]}: one of its landmarks is absent"):
        run_selection_benchmark(hands, SelectionPlan(), tmp_path / "out", REFERENCE)
    assert not (tmp_path / "out").exists()
