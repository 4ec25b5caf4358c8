import shutil

import numpy as np
import pytest
from PIL import Image

from boneage.evaluation.benchmarks.landmarks.measurement import measure_variants, name_variants
from boneage.evaluation.benchmarks.landmarks.rounds import Round
from boneage.evaluation.benchmarks.splits import CrossValidation, RandomSplits
from boneage.evaluation.metrics import LandmarkErrors, read_reference
from boneage.evaluation.reports.landmarks.worst_cases import SIDE
from boneage.imaging.errors import UnusableOutput
from boneage.pipeline.data import load_collection

pytestmark = pytest.mark.usefixtures("no_pose_search")
REFERENCE = read_reference("ulna_styloid_tip:radius_styloid_tip=50mm")


@pytest.fixture(scope="module")
def collection(known):
    return load_collection([known / "images"], landmarks=known / "landmarks.csv")


@pytest.fixture(scope="module")
def folder(no_pose_search, collection, tmp_path_factory):
    """Two rounds of six phantom hands to train on and three to test on."""
    folder = tmp_path_factory.mktemp("benchmark")
    measure_variants(collection, name_variants(["fast"]), RandomSplits(2, 6, 3, 4), folder, reference=REFERENCE, jobs=2)
    return folder


def test_every_round_draws_other_hands_and_measures_both_weightings(collection, folder):
    rounds = measure_variants(
        collection, name_variants(["fast"]), RandomSplits(2, 6, 3, 4), folder, reference=REFERENCE, jobs=1
    )
    assert [(m.variant, m.number) for m in rounds] == [
        (name, k) for k in (0, 1) for name in ("fast", "fast, vote weight 1")
    ]
    assert rounds[0].errors.ids == rounds[1].errors.ids != rounds[2].errors.ids
    assert all(len(m.errors.ids) == 3 and m.errors.unit == "mm" for m in rounds)
    assert not np.array_equal(rounds[0].errors.distances, rounds[1].errors.distances)
    assert all(m.training_s > 0 < m.locating_s for m in rounds)
    weighted = [np.nanmedian(m.errors.distances) for m in rounds if m.variant == "fast"]
    assert max(weighted) < 2  # from six hands; with weight 1 a pose may be missed, on some machines


def test_rounds_that_are_there_are_not_run_again_and_missing_ones_are(collection, folder, monkeypatch):
    (folder / "fast-01.json").unlink()
    before = (folder / "fast-00.json").stat().st_mtime_ns
    measure_variants(collection, name_variants(["fast"]), RandomSplits(2, 6, 3, 4), folder, reference=REFERENCE, jobs=2)
    assert (folder / "fast-00.json").stat().st_mtime_ns == before
    assert (folder / "fast-01.json").is_file()
    monkeypatch.setattr(
        "boneage.evaluation.benchmarks.landmarks.measurement.train_localiser", None
    )  # would fail if it were called
    repeated = measure_variants(
        collection, name_variants(["fast"]), RandomSplits(1, 6, 3, 4), folder, reference=REFERENCE, jobs=1
    )
    assert len(repeated) == 2


@pytest.mark.parametrize("splits", [RandomSplits(2, 6, 3, 5), RandomSplits(2, 5, 3, 4)])
def test_rounds_of_another_benchmark_are_not_mixed_in(collection, folder, splits):
    with pytest.raises(UnusableOutput, match=r"fast-00\.json: is a round of another benchmark"):
        measure_variants(collection, name_variants(["fast"]), splits, folder, reference=REFERENCE, jobs=1)


def test_too_few_hands_are_an_error(collection, tmp_path):
    with pytest.raises(ValueError, match="need 60, there are 12"):
        measure_variants(collection, name_variants(["fast"]), RandomSplits(), tmp_path, reference=None, jobs=1)


def test_variants_are_presets_with_and_without_their_weighting():
    assert name_variants(["uniform"]) == {"paper": ("paper, vote weight 1",)}
    assert name_variants(["uniform", "paper"]) == {"paper": ("paper", "paper, vote weight 1")}
    assert name_variants(["paper", "uniform"]) == name_variants(["paper"])
    with pytest.raises(ValueError, match="got 'best'"):
        name_variants(["best"])
    with pytest.raises(ValueError, match="no variant"):
        name_variants([])


def test_the_worst_cases_of_a_round_are_drawn_once_and_saved(collection, folder):
    weighted, equal = measure_variants(
        collection, name_variants(["fast"]), RandomSplits(1, 6, 3, 4), folder, reference=REFERENCE, jobs=1
    )
    assert len(weighted.pictures) == 9  # three hands, three landmarks of each
    assert equal.pictures == ()
    errors = [case.error for case, _ in weighted.pictures]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] == np.nanmax(weighted.errors.distances[np.isfinite(weighted.errors.distances)])
    with Image.open(weighted.pictures[0][1]) as picture:
        assert picture.size == (SIDE, SIDE)


def test_folds_test_every_hand_once_and_no_picture_is_drawn_without_pictures(collection, tmp_path):
    rounds = measure_variants(
        collection, {"fast": ("fast",)}, CrossValidation(2), tmp_path, reference=None, jobs=2, pictures=False
    )
    assert sorted(id_ for measure in rounds for id_ in measure.errors.ids) == sorted(collection.annotated_ids)
    assert not list(tmp_path.glob("*.png"))


def test_rounds_that_other_code_measured_are_measured_again(collection, folder, tmp_path, monkeypatch):
    variants, splits = name_variants(["fast"]), RandomSplits(1, 6, 3, 4)
    shutil.copy(folder / "fast-00.json", tmp_path / "fast-00.json")
    monkeypatch.setattr("boneage.evaluation.benchmarks.checkpoint.compute_code_version", lambda *_packages: "other")
    calls = []

    def measure(_collection, preset, split, *_arguments):
        calls.append((preset, split.number))
        errors = LandmarkErrors(("h1",), ("a",), np.array([[7.0]]), "mm", np.array([[0.5]]))
        return [Round("fast", 0, errors, 1.0, 1.0)]

    monkeypatch.setattr("boneage.evaluation.benchmarks.landmarks.measurement._run_round", measure)
    for _ in range(2):  # the second time the round is of this code
        (measured,) = measure_variants(collection, variants, splits, tmp_path, reference=REFERENCE, jobs=1)
        assert measured.errors.distances.tolist() == [[7.0]]
    assert calls == [("fast", 0)]
