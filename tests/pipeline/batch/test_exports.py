import pytest

from boneage.imaging.errors import UnusableOutput
from boneage.pipeline.batch.exports import write_exports
from tests.pipeline.batch.stub import draw, run_stub


def test_a_table_that_cannot_be_written_is_named_and_the_others_are_written(tmp_path, caplog):
    out, paths = tmp_path / "out", [draw(tmp_path / "in" / "1.png")]
    (out / "widths.csv").mkdir(parents=True)
    exports = {"broken.csv": lambda: 1 / 0, "last.csv": (out / "last.csv").touch}
    with pytest.raises(UnusableOutput, match=r"widths\.csv cannot be written \(.*; broken\.csv internal error: Zero"):
        run_stub(paths, out, exports=exports)
    assert (out / "timings.csv").exists()
    assert (out / "last.csv").exists()
    assert "broken.csv" in caplog.text
    (out / "widths.csv").rmdir()
    assert [result.id for result in run_stub(paths, out)] == ["1"]
    assert (out / "widths.csv").is_file()


def test_tables_that_can_be_written_raise_nothing(tmp_path):
    write_exports(tmp_path, {"1.csv": (tmp_path / "1.csv").touch, "2.csv": (tmp_path / "2.csv").touch})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.csv", "2.csv"]
