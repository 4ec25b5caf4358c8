import csv
import re

import pytest

from boneage.evaluation import demonstration as module
from boneage.evaluation.demonstration import Demonstration


def read_rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_first_step_reads_phantoms_and_writes_a_page(tmp_path, monkeypatch, model_file):
    monkeypatch.setattr(module, "shipped_model", lambda: model_file)
    stages = []
    text = Demonstration(tmp_path, test=2, jobs=1).read_with_shipped_model(lambda stage, _part: stages.append(stage))
    rows = [line.split() for line in text.splitlines()]
    assert [row[0] for row in rows if row and row[0].startswith("phantom0")] == ["phantom0001", "phantom0002"]
    assert "readme       refused" in text
    assert "phantoms: synthetic drawings" in text
    assert text.endswith(f"Open {tmp_path / 'shipped' / 'index.html'}")
    index = (tmp_path / "shipped" / "index.html").read_text()
    assert "synthetic drawings" in index
    assert "cases/phantom0001.html" in index
    assert (tmp_path / "shipped" / "overlays" / "phantom0001.png").is_file()
    assert set(stages) == {"making phantom hands", "reading hands"}


@pytest.mark.slow
def test_both_steps_run_from_phantoms_to_errors(tmp_path):
    stages = []
    demonstration = Demonstration(tmp_path, count=8, test=2, epochs=2)
    first = demonstration.read_with_shipped_model(lambda stage, _part: stages.append(stage))
    assert re.search(r"(radius|ulna|carpus|mcp_2|pip_2) \d+ %", first), "the regions that weigh most"
    second = demonstration.train_and_read(lambda stage, _part: stages.append(stage))
    assert "trained on 8 other phantoms" in second
    assert "landmarks    mean error" in second
    assert "no measure of real hands" in second
    assert "boneage predict" in second.splitlines()[-1]
    assert {"making phantom hands", "cropping regions", "reading hands"} <= set(stages)
    assert [row["status"] == "refused" for row in read_rows(tmp_path / "trained" / "ages.csv")][-1]
    for name in ("localiser.boneage", "model.boneage", "shipped/index.html", "shipped/cases/phantom0001.html"):
        assert (tmp_path / name).is_file()
