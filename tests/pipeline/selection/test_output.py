import csv

import numpy as np
import pytest
from PIL import Image

from boneage.imaging.errors import UnusableOutput
from boneage.pipeline.selection import Signals, choose, read_pool, write_selection


def read_rows(folder):
    with (folder / "selection.csv").open() as file:
        return list(csv.DictReader(file))


def test_the_table_has_the_whole_pool_and_the_list_the_chosen(difficult, tmp_path):
    pool = read_pool(difficult, annotated={"phantom0002"})
    doubts = np.array([0.5, 9.0, 0.25, np.inf, np.nan, 1 / 3])
    signals = Signals({"disagreement": doubts}, {}, {"phantom0005": "is a volume"})
    write_selection(choose(pool, "disagreement", 2, 0, signals), difficult, tmp_path)
    listed = (tmp_path / "selected.txt").read_text().splitlines()
    rows = read_rows(tmp_path)
    assert [row["id"] for row in rows[:2]] == listed
    assert [row["rank"] for row in rows[:3]] == ["1", "2", ""]
    assert len(rows) == 16
    of = {row["id"]: row for row in rows}
    assert of["phantom0002"]["why"] == "not chosen: annotated already"
    assert of["phantom0005"]["why"] == "not chosen: is a volume"
    assert of["phantom0005"]["disagreement"] == ""
    assert of["phantom0006"]["disagreement"] == "0.333333"
    assert of["phantom0001_copy0"]["why"] == "left out: the same picture as phantom0001"
    assert of["phantom_broken"]["why"].startswith("left out: cannot be read")
    assert "/" not in (tmp_path / "selection.csv").read_text()


def test_the_sheet_shows_the_chosen_and_earlier_pages_are_removed(difficult, tmp_path):
    pool = read_pool(difficult)
    (tmp_path / "contact_sheet_2.png").write_bytes(b"of an earlier selection")
    (tmp_path / "contact_sheet_mine.png").write_bytes(b"of the user")
    write_selection(choose(pool, "random", 3, 0), difficult, tmp_path)
    with Image.open(tmp_path / "contact_sheet.png") as sheet:
        assert sheet.width == 3 * 158 + 8
    assert not (tmp_path / "contact_sheet_2.png").exists()
    assert (tmp_path / "contact_sheet_mine.png").exists()
    (tmp_path / "contact_sheet.png").unlink()
    (tmp_path / "contact_sheet.png").mkdir()
    with pytest.raises(UnusableOutput, match=r"contact_sheet\.png"):
        write_selection(choose(pool, "random", 3, 0), difficult, tmp_path)


def test_hands_of_which_the_model_does_not_tell_enough_say_so(difficult, tmp_path):
    pool = read_pool(difficult)
    poses = np.arange(6.0)[:, None]
    poses[2] = np.nan
    selection = choose(pool, "pose", 6, 0, Signals({"spread": np.arange(6.0)}, {"pose": (poses,)}))
    assert len(selection.ids) == 5
    write_selection(selection, difficult, tmp_path)
    (row,) = (row for row in read_rows(tmp_path) if row["id"] == pool.ids[2])
    assert row["why"] == "not chosen: the model does not tell what pose goes by"
    assert row["spread"] == "2"
