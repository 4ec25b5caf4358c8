import pytest

from tests.pipeline.batch.stub import draw, run_stub


def test_results_are_a_sequence_in_the_order_of_the_input(tmp_path):
    paths = [draw(tmp_path / "in" / f"{name}.png", width) for name, width in (("b", 29), ("two", 27), ("a", 28))]
    results = run_stub(paths, tmp_path / "out")
    assert [result.id for result in results] == ["b", "two", "two#2", "a"]
    assert len(results) == 4
    assert results[-1].width == 28
    assert [result.width for result in results[:2]] == [29, 27]
    assert results[1].path == "two.png"
    with pytest.raises(IndexError):
        results[4]
    assert next(results.contents()).startswith('{"id": "b"')
