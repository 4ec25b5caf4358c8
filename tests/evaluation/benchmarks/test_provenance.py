import datetime
import sys

from boneage.evaluation.benchmarks.provenance import describe_run


def test_a_run_says_when_where_and_by_what(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/somewhere/bin/boneage", "landmarks", "speed"])
    run = describe_run()
    assert run["command"] == "boneage landmarks speed"
    assert datetime.date.fromisoformat(run["date"]) <= datetime.datetime.now(datetime.UTC).date()
    assert "cores" in run["machine"]
    assert run["code"].startswith("boneage ")
    assert "commit" in run["code"]
