import json

import pytest

from boneage.evaluation.benchmarks.speed.benchmark import (
    SpeedBenchmarkSettings,
    check_engines,
    compare,
    run_speed_benchmark,
    speed_up,
    to_json,
)
from boneage.evaluation.metrics import read_reference
from boneage.pipeline.data import load_collection

REFERENCE = read_reference("ulna_styloid_tip:radius_styloid_tip=50mm")


@pytest.fixture(scope="module")
def result(known):
    """One preset and one peer on three phantom hands to train on and two others; all in this process, to be quick."""
    collection = load_collection([known / "images"], landmarks=known / "landmarks.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "boneage.evaluation.benchmarks.speed.benchmark.run_apart", lambda _cache, _jobs, task, *a: task(*a)
        )
        return run_speed_benchmark(
            collection, ["paper"], ["sklearn-quick"], SpeedBenchmarkSettings(3, 2, 0, 2, 1), reference=REFERENCE
        )


def test_presets_are_trained_on_one_thread_and_on_all_and_peers_on_all(result):
    assert list(result.presets["paper"].training) == [1, 2]
    assert list(result.peers["sklearn-quick"].training) == [2]
    assert speed_up(result.presets["paper"]) > 0
    assert speed_up(result.peers["sklearn-quick"]) is None


def test_both_are_measured_on_the_same_hands(result):
    ours, theirs = result.presets["paper"], result.peers["sklearn-quick"]
    assert set(ours.locating.found) == set(theirs.locating.found)
    assert ours.errors["unit"] == theirs.errors["unit"] == "mm"
    assert ours.errors["overall"]["n"] == theirs.errors["overall"]["n"] == 2 * 37
    assert ours.model_mb > 0
    assert theirs.model_mb is None


def test_ratios_say_how_much_more_the_peer_needs(result):
    ours, theirs = result.presets["paper"], result.peers["sklearn-quick"]
    ratios = compare(ours, theirs)
    assert ratios["training"] == theirs.training[2].seconds / ours.training[2].seconds
    assert ratios["locating"] == theirs.hand_ms / ours.hand_ms
    assert ratios["mean_error"] == theirs.errors["overall"]["mean"] / ours.errors["overall"]["mean"]


def test_all_of_it_is_plain_data(result):
    written = json.loads(json.dumps(to_json(result)))
    assert set(written["engines"]) == {"paper", "sklearn-quick"}
    assert set(written["engines"]["paper"]["training"]) == {"1", "2"}
    assert written["peer_over_preset"]["sklearn-quick"]["paper"]["training"] > 0
    assert set(written["first_training_s"]) == {"compiling", "cached", "again"}


def test_what_is_not_known_or_not_installed_is_told(monkeypatch):
    with pytest.raises(ValueError, match="got 'best'"):
        check_engines(["best"], [])
    with pytest.raises(ValueError, match="engines that can be measured are sklearn"):
        check_engines(["fast"], ["opencv"])
    with pytest.raises(ValueError, match="no preset"):
        check_engines([], ["sklearn"])
    monkeypatch.setattr("boneage.evaluation.benchmarks.speed.benchmark.find_spec", lambda _name: None)
    with pytest.raises(ValueError, match=r"pip install 'boneage\[peers\]'"):
        check_engines(["fast"], ["dlib"])


def test_impossible_protocols_are_refused():
    with pytest.raises(ValueError, match="n_train must be at least 2, got 1"):
        SpeedBenchmarkSettings(n_train=1)
    with pytest.raises(ValueError, match="passes must be at least 1, got 0"):
        SpeedBenchmarkSettings(passes=0)
