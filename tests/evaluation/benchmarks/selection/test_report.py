import dataclasses
import json

import numpy as np
import pytest

from boneage.evaluation.benchmarks.selection.landmarks import LANDMARK_SCALE
from boneage.evaluation.benchmarks.selection.measurement import Step, StrategyRun
from boneage.evaluation.benchmarks.selection.plan import SelectionPlan
from boneage.evaluation.benchmarks.selection.report import report_selection
from boneage.pipeline.selection import Pool

PLAN = SelectionPlan(("random", "medoid", "oracle"), sizes=(10, 20), cold_sizes=(2, 5), n_test=4, repeats=12)
POOL = Pool(("hand1", "hand2"), np.eye(2), np.zeros(2, bool), None, {}, "numbers")


def make_runs(part, factors, repeats=PLAN.repeats):
    runs = []
    for repeat in range(repeats):
        for name, factor in factors.items():
            rng = np.random.default_rng(repeat)
            steps = [Step(("a",), factor * rng.uniform(1, 2, (4, 6)) * 5 / size) for size in PLAN.sizes_of(part)]
            runs.append(StrategyRun(name, repeat, tuple(steps), 1.0))
    return runs


def write_report(folder, medoid):
    growing = make_runs("growing", {"random": 3.0, "medoid": medoid, "oracle": 1.0})
    cold = make_runs("cold", {"random": 3.0, "medoid": medoid})
    runs = {"growing": growing, "cold": cold}
    return report_selection(PLAN, runs, folder, POOL, "Measured at commit x.", unit="mm", scale=LANDMARK_SCALE)


def test_a_strategy_that_is_better_is_named_and_the_oracle_is_not(tmp_path):
    text = write_report(tmp_path, 2.0)
    assert "Lower errors than random, with an interval that leaves out 0: medoid." in text
    assert "12 paired repeats of 2 hands, in each 4 to test on" in text
    assert "Which hands to annotate: errors in mm" in text
    assert "for the error at 20" in text
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["cold"]["medoid"]["area_difference"]["value"] < 0
    assert summary["growing"]["random"]["errors"] == pytest.approx([4.5, 2.25, 1.125], rel=0.1)
    page = (tmp_path / "report.html").read_text()
    assert page.count("<svg") == 2
    assert (tmp_path / "figures" / "growing.svg").is_file()


def test_a_negative_result_is_told_as_one(tmp_path):
    assert "No strategy is shown to need fewer hands than random" in write_report(tmp_path, 3.0)


def test_a_baseline_alone_concludes_nothing(tmp_path):
    plan = dataclasses.replace(PLAN, strategies=("random", "oracle"), cold_sizes=())
    runs = {"growing": make_runs("growing", {"random": 3.0, "oracle": 1.0}), "cold": []}
    text = report_selection(plan, runs, tmp_path, POOL, "", unit="mm", scale=LANDMARK_SCALE)
    assert "Nothing is compared with random: name more strategies." in text
    assert "No strategy is shown" not in text


def test_few_repeats_conclude_nothing(tmp_path):
    plan = dataclasses.replace(PLAN, repeats=5, cold_sizes=())
    runs = {"growing": make_runs("growing", {"random": 3.0, "medoid": 1.0, "oracle": 1.0}, 5), "cold": []}
    text = report_selection(plan, runs, tmp_path, POOL, "", unit="mm", scale=LANDMARK_SCALE)
    assert "Fewer than 6 repeats do not tell strategies apart." in text
    assert "too few repeats" in text
    assert "nan" not in text
    medoid = json.loads((tmp_path / "summary.json").read_text())["growing"]["medoid"]["area_difference"]
    assert (medoid["value"] < 0, medoid["low"]) == (True, None)
