import json

import numpy as np
import pytest

from boneage.evaluation.benchmarks.speed.benchmark import EngineCost, SpeedBenchmarkSettings, SpeedResult
from boneage.evaluation.benchmarks.speed.report import report_scaling, report_speed
from boneage.evaluation.benchmarks.speed.scaling import Cost, Size
from boneage.evaluation.benchmarks.speed.tasks import LocatingCost, TrainingCost
from boneage.evaluation.metrics import LandmarkErrors, summarise_landmarks
from boneage.imaging import Points

RUN = {"date": "2020-02-02", "machine": "an abacus", "command": "boneage landmarks speed <images>"}


def make_measured(seconds, error, jobs, model_mb, cpu_ms=41.0):
    distances = np.full((2, 2), error)
    errors = LandmarkErrors(("phantom1", "phantom2"), ("a", "b"), distances, "px", np.ones((2, 2)))
    found = dict.fromkeys(errors.ids, Points(("a", "b"), [[1.0, 2.0], [3.0, 4.0]]))
    training = {n: TrainingCost(seconds / n, seconds, 300.0, 200.0) for n in jobs}
    compiling = 9000.0 if model_mb else None
    return EngineCost(
        training,
        LocatingCost(400.0, (30.0, 50.0), 40.0, cpu_ms, 250.0, found),
        model_mb,
        summarise_landmarks(errors),
        compiling,
    )


@pytest.fixture
def result():
    presets, peers = {"fast": make_measured(8.0, 1.0, (1, 2), 3.0)}, {"sklearn": make_measured(80.0, 1.5, (2,), None)}
    return SpeedResult(SpeedBenchmarkSettings(5, 2), (12.0, 0.5, 0.1), presets, peers)


def test_the_report_says_what_it_rests_on_and_gives_ratios(result, tmp_path):
    text = report_speed(result, RUN, tmp_path, None)
    assert "date: 2020-02-02" in text
    assert "5 images to train, 2 others to test, all of them phantoms (synthetic)" in text
    row = next(line for line in text.splitlines() if line.startswith("sklearn / fast"))
    assert row.split()[3:] == ["10.00", "10.00", "1.00", "1.00", "1.50"]
    row = next(line for line in text.splitlines() if line.startswith("fast "))
    assert row.split()[:6] == ["fast", "8.0", "s", "4.0", "s", "2.00"]
    written = json.loads((tmp_path / "speed.json").read_text())
    assert written["run"] == RUN
    assert written["engines"]["fast"]["speed_up_by_threads"] == 2.0
    assert written["engines"]["sklearn"]["speed_up_by_threads"] is None
    page = (tmp_path / "speed.html").read_text()
    assert "&lt;images&gt;" in page
    assert (tmp_path / "speed.svg").read_text() in page


def test_a_busy_machine_is_told(result, tmp_path):
    assert "BUSY" not in report_speed(result, RUN, tmp_path, None)
    result.presets["fast"] = make_measured(8.0, 1.0, (1, 2), 3.0, cpu_ms=20.0)
    assert "THE MACHINE WAS BUSY: one thread got as little as 50% of a core" in report_speed(
        result, RUN, tmp_path, None
    )


def test_a_run_without_peers_has_no_table_of_ratios(result, tmp_path):
    alone = SpeedResult(result.protocol, result.first_training_s, result.presets, {})
    assert "What a peer needs" not in report_speed(alone, RUN, tmp_path, None)


def test_scaling_states_memory_as_a_function(tmp_path):
    costs = {
        "images": [Cost(Size(images=n), 0.2 * n, 0.3 * n, 25.0, 100 + 2 * n, 90.0) for n in (10, 20, 40)],
        "height": [Cost(Size(height=n), 8.0, 15.0, 25.0, 150.0, 90.0) for n in (300, 600)],
    }
    text = report_scaling(costs, "fast", RUN, tmp_path)
    assert "peak memory of training: about 100 MB + 2.00 MB for each image" in text
    assert "about 150 MB + 0.00 MB for each megapixel of an image" in text
    written = json.loads((tmp_path / "scaling.json").read_text())
    assert written["fits"]["images"]["exponents"]["training (s)"] == pytest.approx(1.0)
    assert [cost["size"]["images"] for cost in written["costs"]["images"]] == [10, 20, 40]
    assert {path.name for path in tmp_path.iterdir()} == {
        "scaling.json", "scaling.html", "scaling_images.svg", "scaling_height.svg",
    }  # fmt: skip


def test_where_nothing_was_found_the_table_says_so(result, tmp_path):
    result.peers["sklearn"] = make_measured(80.0, np.inf, (2,), None)
    text = report_speed(result, RUN, tmp_path, None)
    row = next(line for line in text.splitlines() if line.startswith("sklearn "))
    assert row.split()[-10:] == ["-", "not", "found", "0.0", "%", "100.00", "%", "4", "of", "4"]
    assert not {"inf", "nan"} & set(text.split())
