import os

import pytest

from boneage.evaluation.benchmarks.speed.peers.scikit_learn import ExtraTreesPeer
from boneage.evaluation.benchmarks.speed.tasks import (
    make_engine,
    measure_first_training,
    measure_locating,
    measure_peer,
    measure_training,
    read_annotated,
    run_apart,
)
from boneage.landmarks import ForestLocaliser
from boneage.pipeline.data import load_collection


@pytest.fixture(scope="module")
def hands(known):
    return load_collection([known / "images"], landmarks=known / "landmarks.csv")


def tell_process():
    return os.getpid(), os.environ["NUMBA_CACHE_DIR"], os.environ["OMP_NUM_THREADS"]


def fail():
    raise ValueError("what went wrong")


def test_a_task_has_a_process_and_a_cache_of_its_own(tmp_path, monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    process, cache, threads = run_apart(tmp_path, 2, tell_process)
    assert process != os.getpid()
    assert (cache, threads) == (str(tmp_path), "1")
    assert "NUMBA_CACHE_DIR" not in os.environ
    with pytest.raises(ValueError, match="what went wrong"):
        run_apart(tmp_path, 1, fail)


def test_a_preset_is_trained_saved_and_locates(hands, tmp_path):
    train, test = hands.subset(hands.ids[:3]), hands.subset(hands.ids[10:])
    training = measure_training(train, "paper", 0, 1, tmp_path / "m.boneage")
    assert min(training.seconds, training.cpu_s) > 0
    assert training.peak_mb >= training.before_mb > 20
    locating = measure_locating(tmp_path / "m.boneage", test, 2)
    assert set(locating.found) == set(test.ids)
    assert len(locating.hands_ms) == 2
    assert min(locating.first_ms, locating.cpu_ms, *locating.hands_ms) > 0


def test_a_peer_is_trained_and_locates(hands):
    training, locating = measure_peer(
        hands.subset(hands.ids[:2]), hands.subset(hands.ids[11:]), "sklearn-quick", 0, 2, 1
    )
    assert training.seconds > 0
    assert len(locating.found) == 1


def test_engines_go_by_name(hands):
    assert isinstance(make_engine("fast", 3, 2), ForestLocaliser)
    quick = make_engine("sklearn-quick", 3, 2)
    assert isinstance(quick, ExtraTreesPeer)
    assert (quick.random_state, quick.n_jobs, quick.n_tried) == (3, 2, 100)


def test_the_smallest_training_runs_twice(hands):
    first, again = measure_first_training(hands.subset(hands.ids[:2]))
    assert min(first, again) > 0
    assert len(read_annotated(hands)[0]) == 12
