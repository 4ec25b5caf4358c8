import numpy as np
import pytest

from boneage.imaging.errors import InvalidInput
from boneage.pipeline.data import load_collection
from boneage.pipeline.selection import ask_age_models, choose, open_age_models, read_pool


def test_a_pipeline_tells_ages_and_how_much_its_views_disagree(new, model_file):
    collection = load_collection([new / "images"], ages=[new / "ages.csv"])
    pool = read_pool(collection)
    one, two = (ask_age_models(open_age_models(model_file), collection, pool, jobs=jobs) for jobs in (1, 2))
    assert np.array_equal(one.criteria["disagreement"], two.criteria["disagreement"])
    assert (one.criteria["disagreement"] > 0).all()
    assert one.spaces["age"][0].shape == (3, 1)
    for strategy in ("disagreement", "age", "combined"):
        assert len(choose(pool, strategy, 2, 0, one).ids) == 2


def test_a_hand_that_the_model_refuses_is_named(new, model_file):
    collection = load_collection([new / "images"])
    pool = read_pool(collection)
    signals = ask_age_models(open_age_models(model_file), collection, pool, sexes={"phantom0001": "F"})
    assert set(signals.silent) == {"phantom0002", "phantom0003"}
    assert "sex" in signals.silent["phantom0002"]
    assert choose(pool, "age", 3, 0, signals).ids == ("phantom0001",)
    with pytest.raises(InvalidInput, match=r"reads no picture of the pool, such as phantom0001: .*sex"):
        ask_age_models(open_age_models(model_file), collection, pool)
