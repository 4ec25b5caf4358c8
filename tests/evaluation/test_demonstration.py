import csv

import pytest

from boneage.evaluation.demonstration import demonstrate


@pytest.mark.slow
def test_the_main_job_runs_from_phantoms_to_a_report(tmp_path):
    stages = []
    text = demonstrate(
        tmp_path, count=8, test=2, seed=0, jobs=2, epochs=2, report=lambda stage, _part: stages.append(stage)
    )
    assert "3 files read, 1 refused:\n  not-a-hand.txt:" in text
    assert "2 images x 37 landmarks, all of them phantoms (synthetic)" in text
    assert "nothing about real hands" in text
    assert {"making phantom hands", "cutting regions", "reading hands"} <= set(stages)
    with (tmp_path / "results" / "ages.csv").open(newline="") as file:
        assert next(csv.DictReader(file))["status"] == "refused"
    for name in ("localiser.boneage", "model.boneage", "results/landmark_summary.json", "results/summary.json"):
        assert (tmp_path / name).is_file()
