import pytest

from boneage.evaluation.benchmarks.selection.plan import STRATEGIES, SelectionPlan
from boneage.imaging.errors import InvalidInput

IDS = [f"hand{k}" for k in range(105)]


def test_a_repeat_tests_on_other_hands_than_it_chooses_among():
    plan = SelectionPlan()
    draw = plan.draw(IDS, 3)
    assert len(draw.test) == 30
    assert len(draw.pool) == 75
    assert not set(draw.test) & set(draw.pool)
    assert set(draw.start) < set(draw.pool)
    assert len(draw.start) == 5
    assert draw == plan.draw(IDS[::-1], 3)
    assert draw.test != plan.draw(IDS, 4).test


def test_only_strategies_without_a_model_start_from_nothing():
    plan = SelectionPlan()
    assert plan.strategies_of("cold") == ("random", "stratified", "medoid", "k-centre", "typiclust")
    assert plan.strategies_of("growing") == STRATEGIES
    assert plan.sizes_of("growing") == (5, 10, 20, 40, 60)
    assert plan.sizes_of("cold") == (2, 5, 10)
    assert SelectionPlan(cold_sizes=()).strategies_of("cold") == ()
    assert SelectionPlan(sizes=()).strategies_of("growing") == ()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"strategies": ("best",)}, "strategies to compare are random, stratified"),
        ({"strategies": ()}, "got none"),
        ({"strategies": ("oracle", "pose", "oracle")}, "named twice: oracle, pose, oracle"),
        ({"start": 1}, "start must be at least 2, got 1"),
        ({"sizes": (5, 10)}, "sizes must increase from more than 5"),
        ({"sizes": (), "cold_sizes": ()}, "nothing is to be measured"),
        ({"sizes": (), "strategies": ("pose", "oracle")}, "nothing is to be measured"),
        ({"sizes": (), "strategies": ("medoid", "combined")}, "without a model are measured, not combined"),
        ({"cold_sizes": (1, 5)}, "cold_sizes must increase from more than 1"),
    ],
)
def test_senseless_plans_are_refused(settings, message):
    with pytest.raises(InvalidInput, match=message):
        SelectionPlan(**settings)


def test_too_few_hands_are_told():
    with pytest.raises(InvalidInput, match="needs 90 annotated hands that can be read, there are 50"):
        SelectionPlan().draw(IDS[:50], 0)
    assert len(SelectionPlan(sizes=(), start=50).draw(IDS[:40], 0).pool) == 10
