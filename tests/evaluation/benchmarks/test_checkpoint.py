import pytest

from boneage.evaluation.benchmarks.checkpoint import keep, recall
from boneage.imaging.errors import UnusableOutput


def test_what_was_kept_is_recalled_and_what_is_not_there_is_none(tmp_path):
    keep(tmp_path / "x.json", "key", [1, 2])
    assert recall(tmp_path / "x.json", "key", sum) == 3
    assert recall(tmp_path / "none.json", "key", sum) is None


def test_what_another_benchmark_kept_or_is_damaged_is_named(tmp_path):
    keep(tmp_path / "x.json", "key", [1])
    with pytest.raises(UnusableOutput, match="another benchmark"):
        recall(tmp_path / "x.json", "other", sum)
    with pytest.raises(UnusableOutput, match=r"x\.json: is no round"):
        recall(tmp_path / "x.json", "key", lambda rounds: rounds["nothing"])
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(UnusableOutput, match=r"x\.json: is no round"):
        recall(tmp_path / "x.json", "key", sum)
