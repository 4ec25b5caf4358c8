import pytest

from boneage.evaluation.benchmarks.landmarks.benchmark import LandmarkBenchmarkSettings, run_landmark_benchmark
from boneage.evaluation.benchmarks.splits import RandomSplits
from boneage.imaging.errors import InvalidInput
from boneage.pipeline.data import load_collection

pytestmark = pytest.mark.usefixtures("no_pose_search")


@pytest.fixture(scope="module")
def collection(known):
    return load_collection([known / "images"], landmarks=known / "landmarks.csv")


def test_a_benchmark_is_measured_and_reported_in_one_call(collection, tmp_path):
    settings = LandmarkBenchmarkSettings(("fast",), RandomSplits(1, 4, 2), pictures=False, jobs=2)
    text = run_landmark_benchmark(collection, settings, tmp_path)
    assert "1 round, 2 test images each" in text
    assert "Measured at commit" in text
    assert {"errors.csv", "summary.json", "report.html", "rounds", "figures"} <= {p.name for p in tmp_path.iterdir()}


def test_an_unknown_preset_and_a_malformed_reference_are_refused_before_any_training(collection, tmp_path):
    with pytest.raises(InvalidInput, match="got 'best'"):
        run_landmark_benchmark(collection, LandmarkBenchmarkSettings(("best",)), tmp_path)
    with pytest.raises(InvalidInput, match="FIRST:SECOND=LENGTHmm"):
        run_landmark_benchmark(collection, LandmarkBenchmarkSettings(("fast",), reference="50mm"), tmp_path)
    assert not list(tmp_path.iterdir())
