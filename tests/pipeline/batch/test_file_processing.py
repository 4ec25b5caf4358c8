import dataclasses

import numpy as np
import pytest
from PIL import Image

from boneage.pipeline.batch.file_processing import run_file
from boneage.pipeline.batch.tasks import FileTask


def run_files(processor, tasks):
    return [result for task in tasks for result in run_file(processor, task)]


class Widths:
    """Returns the id and the width of each scan, and why one is refused; notes the width of what is drawn."""

    def __init__(self, narrowest=1, split=lambda task, scan: [(task, scan)]):
        self.narrowest = narrowest
        self.split = split
        self.drawn = []

    def refuse(self, task, reason):
        return task.id, 0, reason

    def process(self, task, scan):
        if scan.pixels.shape[1] < self.narrowest:
            raise ZeroDivisionError("narrow")
        return task.id, scan.pixels.shape[1], ""

    def outputs(self, task, scan, result):
        return [("width", lambda: self.drawn.append((task.id, scan.pixels.shape[1])))]

    def finish(self, result, remarks):
        return result


def halve(task, scan):
    """Return the first 16 columns of a scan and the rest; a scan of 16 columns as it is."""
    if scan.pixels.shape[1] == 16:
        return [(task, scan)]
    parts = np.split(scan.pixels, [16], axis=1)
    return [
        (dataclasses.replace(task, id=f"{task.id}-{k}"), dataclasses.replace(scan, pixels=part, original_shape=None))
        for k, part in enumerate(parts)
    ]


@pytest.fixture
def tasks(tmp_path):
    """Pictures of 60, 16 and 36 columns, and a file that is none after the first."""
    for name, width in (("a", 60), ("c", 16), ("d", 36)):
        Image.radial_gradient("L").resize((width, 20)).save(tmp_path / f"{name}.png")
    (tmp_path / "b.png").write_text("no picture")
    return [FileTask(name, tmp_path / f"{name}.png") for name in "abcd"]


def test_each_file_has_one_result_unless_it_is_split(tasks):
    processor = Widths()
    results = run_files(processor, tasks)
    assert [result[:2] for result in results] == [("a", 60), ("b", 0), ("c", 16), ("d", 36)]
    assert processor.drawn == [("a", 60), ("c", 16), ("d", 36)]


def test_the_parts_of_a_file_follow_each_other_and_are_drawn_on_the_whole(tasks):
    processor = Widths(split=halve)
    results = run_files(processor, tasks)
    assert [result[:2] for result in results] == [
        ("a-0", 16),
        ("a-1", 44),
        ("b", 0),
        ("c", 16),
        ("d-0", 16),
        ("d-1", 20),
    ]
    assert processor.drawn == [("a-0", 60), ("a-1", 60), ("c", 16), ("d-0", 36), ("d-1", 36)]


def test_a_part_outlives_another_and_a_batch_what_cannot_be_split(tasks, caplog):
    results = run_files(Widths(20, halve), tasks[:1])
    assert results == [("a-0", 0, "internal error: ZeroDivisionError('narrow')"), ("a-1", 44, "")]

    def fail(task, scan):
        raise MemoryError

    results = run_files(Widths(split=fail), tasks[2:])
    assert results == [("c", 0, "internal error: MemoryError()"), ("d", 0, "internal error: MemoryError()")]
    assert "a.png" in caplog.text
    assert "d.png" in caplog.text
