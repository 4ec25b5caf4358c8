import csv
import math

import numpy as np
import pytest

from boneage.evaluation.benchmarks.stress.report import report_stress
from boneage.evaluation.benchmarks.stress.run import StressResult

OFF = np.array([1.0, 30.0, math.inf, math.nan])


@pytest.fixture
def results():
    """Two hands after two changes, of which one is refused once."""
    return [
        StressResult(id_, change, status, reason, OFF, OFF, age, age - 100.0, 0.5)
        for id_ in ("7", "8")
        for change, status, reason, age in (
            ("unchanged", "ok", "", 100.0),
            ("noise", "flagged" if id_ == "7" else "refused", "a <reason>", 130.0 if id_ == "7" else math.nan),
        )
    ]


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_tables_plot_and_page_are_written(results, tmp_path):
    text = report_stress(results, tmp_path, unit="mm", truth="those of L.csv", run={"date": "today"})
    assert "2 hands; landmarks against those of L.csv" in text
    assert "noise" in text
    rows = read(tmp_path / "stress.csv")
    assert [(row["id"], row["change"]) for row in rows] == [(r.id, r.change) for r in results]
    assert rows[1]["landmark_mean"] == "15.500"
    assert (rows[1]["landmark_worst"], rows[1]["n_landmarks"], rows[1]["n_not_found"]) == ("inf", "3", "1")
    assert (rows[1]["age_change_months"], rows[3]["age_months"]) == ("30.000", "")
    summary = read(tmp_path / "stress_summary.csv")
    assert [row["change"] for row in summary] == ["unchanged", "noise"]
    assert summary[1]["refused"] == "0.5000"
    assert (tmp_path / "stress.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "report.html").read_text()
    assert all(
        word in page for word in ("Largest changes of age", "+30.0", "Refusals (1)", "a &lt;reason&gt;", "today")
    )
    assert (tmp_path / "figures" / "stress.svg").exists()


def test_a_localiser_alone_has_no_ages_to_show(tmp_path):
    results = [StressResult("7", "unchanged", "ok", "", OFF, OFF, seconds=0.5)]
    report_stress(results, tmp_path, unit="mm", truth="those of L.csv", run={})
    page = (tmp_path / "report.html").read_text()
    assert "Largest changes of age" not in page
    assert "age change (months)" not in page
