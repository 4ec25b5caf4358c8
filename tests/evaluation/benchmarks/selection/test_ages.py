import dataclasses

import numpy as np
import pytest

from boneage.evaluation.benchmarks.selection.ages import AgeTask
from boneage.evaluation.benchmarks.selection.plan import AgeSelectionPlan, Draw
from boneage.imaging import AgeRecord
from boneage.pipeline.selection import Pool

IDS = tuple(f"hand{k:03d}" for k in range(120))


@pytest.fixture
def task(tmp_path):
    """120 hands whose age is a sum of their features, and boys a year behind: 60 to test on, 20 to start from."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(120, 4))
    boys = rng.uniform(size=120) < 0.5
    months = 100 + features @ [20, 10, 5, 0] - 12 * boys
    ages = {id_: AgeRecord(m, "M" if boy else "F") for id_, m, boy in zip(IDS, months.tolist(), boys, strict=True)}
    pool = Pool(IDS, features, np.zeros(120, bool), ("girls",) * 120, {}, "numbers")
    draw = Draw(0, 0, IDS[:60], IDS[60:80], IDS[60:])
    return AgeTask("growing", "disagreement", draw, (20, 30), pool, tmp_path / "growing-00.json", ages)


def test_a_regression_of_features_and_sex_finds_ages_that_are_one(task):
    model = task.train(task.draw.start)
    errors = task.measure(model, task.draw.test)
    assert errors.shape == (60, 1)
    assert errors.max() < 1


def test_the_committee_disagrees_most_on_hands_unlike_those_it_learnt_from(task):
    features = task.pool.features.copy()
    features[119] = [9, 9, 9, 9]
    task = dataclasses.replace(task, pool=dataclasses.replace(task.pool, features=features))
    pool = task.pool.among(task.draw.pool, task.draw.start)
    signals = task.ask(task.train(task.draw.start), pool)
    assert pool.ids[int(signals.criteria["disagreement"].argmax())] == IDS[119]
    assert signals.spaces["age"][0].shape == (60, 1)


@pytest.mark.parametrize("strategy", ["random", "stratified", "k-centre", "disagreement", "age", "combined", "oracle"])
def test_each_strategy_grows_from_the_start_and_is_stored(task, strategy):
    task = dataclasses.replace(task, strategy=strategy, file=task.file.with_name(f"{strategy}.json"))
    run = task.run()
    assert [len(step.ids) for step in run.steps] == [20, 30]
    assert run.steps[1].ids[:20] == task.draw.start
    assert set(run.steps[1].ids) <= set(task.draw.pool)
    assert np.array_equal(task.load().steps[1].distances, run.steps[1].distances)


def test_the_key_names_the_ages(task):
    first = task.ages[IDS[0]]
    older = dataclasses.replace(first, boneage_months=first.boneage_months + 1)
    others = [older, dataclasses.replace(first, sex="F" if first.sex == "M" else "M")]
    keys = [dataclasses.replace(task, ages={**task.ages, IDS[0]: other}).key for other in others]
    assert len({task.key, *keys}) == 3


def test_plans_of_ages_know_the_strategies_of_ages():
    assert "pose" not in AgeSelectionPlan.known
    assert AgeSelectionPlan().strategies == AgeSelectionPlan.known
    with pytest.raises(ValueError, match="strategies to compare are random, stratified, medoid, k-centre, typiclust"):
        AgeSelectionPlan(("pose",))
