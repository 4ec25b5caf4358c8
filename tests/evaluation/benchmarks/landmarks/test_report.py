import html
import json
import math

import numpy as np

from boneage.evaluation.benchmarks.landmarks.report import report_landmark_benchmark
from boneage.evaluation.benchmarks.landmarks.rounds import Round
from boneage.evaluation.metrics import Case, LandmarkErrors
from boneage.evaluation.reports.landmarks.context import LandmarkContext
from boneage.imaging import Points


def test_a_benchmark_is_reported_variant_by_variant(tmp_path):
    rng = np.random.default_rng(0)

    def measure(variant, number, factor):
        distances = rng.exponential(factor, (5, 3))
        distances[0, 0] = math.inf
        ids = ("h1", "h2", "h3", "phantom4", f"new{number}")
        return Round(
            variant, number, LandmarkErrors(ids, ("a", "b", "c"), distances, "mm", 1 / (1 + distances)), 9, 0.1
        )

    rounds = [measure(name, k, f) for k in (0, 1) for name, f in (("fast", 1.0), ("fast, vote weight 1", 1.5))]
    text = report_landmark_benchmark(rounds, tmp_path, "a:b=50mm")
    assert "Localisation errors in mm (a:b=50mm in every image, by convention)" in text
    assert "2 rounds, 5 test images each; 6 different images, 1 of them phantoms (synthetic)" in text
    lines = [line.split() for line in text.splitlines() if line.startswith("fast")]
    assert len(lines) == 2
    assert lines[0][-4:] == ["9.0", "s", "100", "ms"]
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["variants"]["fast"]["overall"]["n_not_found"] == 2
    assert [r["n"] for r in summary["variants"]["fast"]["rounds"]] == [15, 15]
    page = (tmp_path / "report.html").read_text()
    assert page.count("<svg") == 1 + 2 * 2
    assert page.count("<details") == 2
    assert page.count("Research use only") == 1
    assert {path.stem for path in (tmp_path / "figures").iterdir()} == {
        "cumulative", "fast-boxes", "fast-confidence", "fast-vote-weight-1-boxes", "fast-vote-weight-1-confidence",
    }  # fmt: skip
    assert len((tmp_path / "errors.csv").read_text().splitlines()) == 1 + 4 * 15


def measured(number, ids, distances, pictures=()):
    distances = np.array(distances, dtype=float)
    errors = LandmarkErrors(ids, ("a",), distances, "px", np.full(distances.shape, 0.5))
    return Round("fast", number, errors, 9.0, 0.1, tuple(pictures))


def test_the_worst_cases_of_all_rounds_are_on_the_page_and_lost_files_are_passed_over(tmp_path):
    cases = [Case(f"h{k}", "a", 10.0 - k, 0.5) for k in range(3)]
    for k in (0, 1):
        (tmp_path / f"{k}.png").write_bytes(b"PNG %d" % k)
    pictures = [(case, tmp_path / f"{k}.png") for k, case in enumerate(cases)]
    rounds = [
        measured(0, ("h1", "h2"), [[9], [8]], pictures[1:]),
        measured(1, ("h0", "h3"), [[10], [1]], pictures[:1]),
        measured(2, ("h4",), [[1]]),
    ]
    text = report_landmark_benchmark(rounds, tmp_path, None)
    assert "3 rounds, 1 to 2 test images each; 5 different images, each tested once" in text
    page = html.unescape((tmp_path / "report.html").read_text())
    assert page.count("<img") == 2
    assert page.index("h0 a: 10.0 px") < page.index("h1 a: 9.0 px")
    assert "patients' pixels" in page
    assert "1 of 3 rounds were run without pictures." in page


def test_a_page_without_pictures_has_no_pixels_and_no_notice(tmp_path):
    report_landmark_benchmark([measured(0, ("h1", "h2"), [[9], [8]])], tmp_path, None)
    page = (tmp_path / "report.html").read_text()
    assert "pixels" not in page
    assert "worst cases" not in page


def test_the_mean_shape_is_drawn_where_it_is_known(tmp_path):
    context = LandmarkContext(Points(("a",), [[0.0, 0.0]]))
    report_landmark_benchmark([measured(0, ("h1",), [[9]])], tmp_path, None, context)
    assert (tmp_path / "figures" / "fast-map.svg").read_text().startswith("<svg")


def test_a_benchmark_without_any_landmark_found_is_reported(tmp_path):
    report_landmark_benchmark([measured(0, ("h1",), [[math.inf]])], tmp_path, None)
    assert "<svg" not in (tmp_path / "report.html").read_text()
