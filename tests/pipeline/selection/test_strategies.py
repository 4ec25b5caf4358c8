import numpy as np
import pytest

from boneage.imaging.errors import InvalidInput
from boneage.pipeline.selection import PICTURE_STRATEGIES, Pool, Signals, choose


@pytest.fixture
def pool():
    """Thirty pictures, of which the first five are annotated."""
    features = np.random.default_rng(0).normal(size=(30, 4))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    ids = tuple(f"hand{k}" for k in range(30))
    return Pool(ids, features, np.arange(30) < 5, None, {}, "numbers")


@pytest.fixture
def signals():
    """Doubts that grow with the number, and postures along a line."""
    line = np.arange(30.0)
    return Signals({"disagreement": line}, {"pose": (line[:, None],)})


@pytest.mark.parametrize("strategy", [*PICTURE_STRATEGIES, "disagreement", "pose"])
def test_a_strategy_chooses_from_what_is_not_annotated_and_repeats_itself(pool, signals, strategy):
    first = choose(pool, strategy, 8, 3, signals)
    assert len(set(first.ids)) == 8
    assert not set(first.ids) & {f"hand{k}" for k in range(5)}
    assert first.ids == choose(pool, strategy, 8, 3, signals).ids


def test_more_than_there_are_gives_all(pool):
    assert len(choose(pool, "random", 100, 0).ids) == 25


def test_a_posture_far_from_the_annotated_ones_comes_first(pool, signals):
    assert choose(pool, "pose", 1, 0, signals).ids == ("hand29",)


def test_the_seed_matters_to_chance_alone(pool, signals):
    assert choose(pool, "random", 8, 0).ids != choose(pool, "random", 8, 1).ids
    assert choose(pool, "k-centre", 8, 0).ids == choose(pool, "k-centre", 8, 1).ids


def test_a_strategy_without_its_model_is_refused(pool):
    with pytest.raises(InvalidInput, match="disagreement needs a model"):
        choose(pool, "disagreement", 3, 0)
