import numpy as np
import pytest

from boneage.evaluation.benchmarks.selection.landmarks import LANDMARK_SCALE
from boneage.evaluation.benchmarks.selection.measurement import Step, StrategyRun
from boneage.evaluation.benchmarks.selection.summary import (
    StrategyCurve,
    compare_strategies,
    tabulate_curves,
    tabulate_needed,
)

SIZES = (5, 10, 20)


def make_run(name, repeat, factor):
    rng = np.random.default_rng(repeat)
    steps = [Step(("a",), factor * rng.uniform(1, 2, (4, 6)) * 5 / size) for size in SIZES]
    return StrategyRun(name, repeat, tuple(steps), 1.0)


@pytest.fixture
def curves():
    """A strategy with two thirds of the error of chance, in ten repeats."""
    runs = [make_run(name, k, factor) for k in range(10) for name, factor in (("random", 3.0), ("better", 2.0))]
    return {name: StrategyCurve.join(name, SIZES, runs[::-1], LANDMARK_SCALE) for name in ("random", "better")}


def test_a_better_strategy_is_shown_to_have_lower_errors(curves):
    comparisons = compare_strategies(curves, "random")
    header, rows = tabulate_curves(curves, comparisons, "random", LANDMARK_SCALE)
    assert header[:4] == ["strategy", "5 hands", "10 hands", "20 hands"]
    verdicts = {row[0]: row[header.index("error")] for row in rows}
    assert verdicts == {"random": "baseline", "better": "lower"}
    (row,) = tabulate_needed(comparisons, SIZES)[1]
    assert row[0] == "better"
    assert float(row[2].split()[0]) < 0


def test_the_summary_has_differences_of_all_but_the_baseline(curves):
    summary = curves["better"].summarise(compare_strategies(curves, "random")["better"])
    assert summary["repeats"] == 10
    assert summary["area_difference"]["high"] < 0
    assert len(summary["more_hands_needed"]) == 2
    assert "area_difference" not in curves["random"].summarise(compare_strategies(curves, "random").get("random"))
