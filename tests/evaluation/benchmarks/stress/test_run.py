import math

import numpy as np
import pytest

from boneage.evaluation.benchmarks.stress.changes import UNCHANGED
from boneage.evaluation.benchmarks.stress.run import run_stress_benchmark
from boneage.evaluation.metrics import read_reference
from boneage.imaging import read_sexes
from boneage.imaging.errors import InvalidInput
from boneage.pipeline.data import load_collection


@pytest.fixture(scope="module")
def hands(new):
    return load_collection([new / "images"], landmarks=new / "landmarks.csv")


def test_a_pipelines_landmarks_and_ages_are_measured_after_each_change(hands, new, model_file):
    calls = []
    results = run_stress_benchmark(
        hands.subset(hands.ids[:2]), model_file, kinds=["mirror", "inversion"], sexes=read_sexes(new / "ages.csv"),
        progress=lambda *call: calls.append(call),
    )  # fmt: skip
    assert [(r.id, r.change) for r in results] == [
        (id_, change) for id_ in hands.ids[:2] for change in (UNCHANGED, "mirrored", "inverted")
    ]
    assert calls == [("reading changed hands", 0.5), ("reading changed hands", 1.0)]
    before, mirrored, inverted = results[:3]
    assert (before.status, mirrored.status, inverted.status) == ("ok", "flagged", "flagged")
    assert before.age_change_months == 0.0
    assert mirrored.age_change_months == pytest.approx(mirrored.age_months - before.age_months)
    assert abs(inverted.age_change_months) < 2
    assert np.median(mirrored.distances) < 3
    assert np.median(inverted.distances) < 3
    assert np.array_equal(before.distances, before.percent_of_length)
    assert all(result.seconds > 0 for result in results)


def test_a_localiser_alone_gives_no_ages_and_a_reference_sets_the_unit(hands, localiser_file):
    reference = read_reference("ulna_styloid_tip:radius_styloid_tip=50mm")
    some = hands.subset(hands.ids[:1])
    results = run_stress_benchmark(some, localiser_file, kinds=["crop"], reference=reference)
    assert all(math.isnan(result.age_months) for result in results)
    assert not np.allclose(results[0].distances, results[0].percent_of_length)
    n_counted = {result.change: int((~np.isnan(result.distances)).sum()) for result in results}
    assert n_counted[UNCHANGED] == 37
    assert n_counted["wrist cropped, 20% of the hand"] < n_counted["wrist cropped, 10% of the hand"] < 37


def test_without_annotations_the_unchanged_picture_is_the_truth_and_jobs_change_nothing(new, localiser_file):
    hands = load_collection([new / "images"])
    hands = hands.subset(hands.ids[:2])
    one, two = (run_stress_benchmark(hands, localiser_file, kinds=["gamma"], jobs=jobs) for jobs in (1, 2))
    assert (one[0].distances == 0).all()
    assert all(np.array_equal(a.distances, b.distances) for a, b in zip(one, two, strict=True))


def test_what_cannot_be_read_is_one_refused_result(tmp_path, localiser_file, phantom_volumes):
    (tmp_path / "notes.txt").write_text("hello")
    (result,) = run_stress_benchmark(load_collection([tmp_path]), localiser_file)
    assert (result.change, result.status) == (UNCHANGED, "refused")
    assert "is not an image" in result.reason
    volumes = load_collection([phantom_volumes / "images"])
    (result,) = run_stress_benchmark(volumes.subset(volumes.ids[:1]), localiser_file)
    assert "is a volume" in result.reason


def test_a_kind_that_is_not_there_is_told_before_anything_is_read(hands, localiser_file):
    with pytest.raises(InvalidInput, match="got fog"):
        run_stress_benchmark(hands, localiser_file, kinds=["fog"])
