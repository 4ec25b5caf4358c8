import json
import math

import numpy as np
import pytest

from boneage.evaluation.benchmarks.ages.report import report_age_benchmark
from boneage.evaluation.benchmarks.ages.rounds import AgeRound, Prediction
from boneage.imaging import AgeRecord

KNOWN = {str(k): AgeRecord(20.0 + 6 * k, "FM"[k % 2]) for k in range(30)}


def measure(variant, number, ids, spread, part="test", lost=(), commit="commit abc1234"):
    rng = np.random.default_rng(number)
    predictions = []
    for id_, error in zip(ids, spread * rng.normal(size=len(ids)), strict=True):
        months, reason = (math.nan, "no hand") if id_ in lost else (KNOWN[id_].boneage_months + error, "")
        predictions.append(Prediction(id_, part, months, reason))
    return AgeRound(variant, number, tuple(predictions), 20, 1234, 4, 8.0, 0.05, 0.002, 600.0, commit)


def folds(variant, spread, lost=()):
    return [measure(variant, k, list(KNOWN)[k::3], spread, lost=lost) for k in range(3)]


def test_a_benchmark_is_reported_variant_by_variant(tmp_path):
    rounds = [*folds("whole", 5), *folds("hand", 10, lost=("4", "7"))]
    text = report_age_benchmark(rounds, KNOWN, tmp_path, strata=(10, 20), run={"date": "2026-01-01"})
    assert "3-fold cross-validation: 30 hands, each tested once by a model trained on 20 others" in text
    assert "On the 28 hands that every variant read" in text
    summary = json.loads((tmp_path / "summary.json").read_text())
    whole, hand = summary["variants"]["whole"], summary["variants"]["hand"]
    assert (whole["n_hands"], whole["n_not_read"], hand["n_hands"], hand["n_not_read"]) == (30, 0, 28, 2)
    assert hand["mad"] == pytest.approx(2 * summary["side_by_side"]["whole"]["mad"], rel=1e-6)
    assert summary["side_by_side"]["whole"]["against_best"]["difference"] == 0
    assert summary["side_by_side"]["hand"]["against_best"]["interval_95"][0] > 0
    assert (whole["epoch_s"], whole["n_parameters"], len(whole["rounds"])) == (2.0, 1234, 3)
    assert list(whole["groups"]["stratum"]) == ["ids below 10", "ids 10 to 19", "ids from 20"]
    page = (tmp_path / "report.html").read_text()
    assert page.count("<svg") == 2 + 2 * 4
    assert page.count("<details") == 2
    assert page.count("Research use only") == 1
    assert "date: 2026-01-01" in page
    assert {"variants.svg", "hand-age-agreement.svg"} <= {path.name for path in (tmp_path / "figures").iterdir()}
    rows = (tmp_path / "predictions.csv").read_text().splitlines()
    assert len(rows) == 1 + 60
    assert rows[0].startswith("variant,fold,part,id,sex,")


def test_validation_hands_are_reported_apart(tmp_path):
    test, validation = (
        measure("whole", 0, ids, 5, part) for ids, part in ((["1", "2"], "test"), (["3"], "validation"))
    )
    both = AgeRound(
        "whole", 0, test.predictions + validation.predictions, 20, 9, 1, 1.0, 0.0, 0.0, 9.0, "commit abc1234"
    )
    text = report_age_benchmark([both], KNOWN, tmp_path)
    assert "trained on 20 hands, tested on 2 others" in text
    assert "Validation hands: to choose by" in text
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["variants"]["whole"]["n_hands"] == 2
    assert summary["validation"]["whole"]["n_hands"] == 1


def test_a_variant_without_any_age_is_counted_and_not_drawn(tmp_path):
    ids = list(KNOWN)
    rounds = [measure("whole", 0, ids, 5), measure("hand", 0, ids, 5, lost=ids)]
    report_age_benchmark(rounds, KNOWN, tmp_path)
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (summary["variants"]["hand"]["n_hands"], summary["variants"]["hand"]["n_not_read"]) == (0, 30)
    with pytest.raises(ValueError, match="no variant read any hand"):
        report_age_benchmark(rounds[1:], KNOWN, tmp_path)


def test_the_report_names_the_commits_that_measured_its_rounds(tmp_path):
    ids = list(KNOWN)
    old, new = measure("whole", 0, ids, 5), measure("hand", 0, ids, 5, commit="commit def5678 with changes")
    assert "rounds of commit abc1234\n" in report_age_benchmark([old], KNOWN, tmp_path)
    text = report_age_benchmark([old, new], KNOWN, tmp_path, run={"code": "boneage 1, commit def5678"})
    named = "rounds of commits abc1234, def5678 with changes"
    assert named in text
    assert named in (tmp_path / "report.html").read_text()
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["commits"] == ["commit abc1234", "commit def5678 with changes"]
