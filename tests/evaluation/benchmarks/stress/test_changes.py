import numpy as np
import pytest

from boneage.evaluation.benchmarks.stress.changes import CHANGES, UNCHANGED, select_changes
from boneage.imaging import Points, Scan
from boneage.imaging.errors import InvalidInput


def test_all_changes_have_names_of_their_own():
    assert len(select_changes()) == 1 + sum(len(changes) for changes in CHANGES.values())


def test_kinds_choose_and_the_unchanged_picture_is_always_first():
    assert list(select_changes(["jpeg"])) == [UNCHANGED, "JPEG, quality 50", "JPEG, quality 20", "JPEG, quality 10"]
    with pytest.raises(InvalidInput, match="got fog"):
        select_changes(["fog", "noise"])


@pytest.mark.parametrize("name", list(select_changes()))
def test_every_change_gives_a_radiograph_and_is_the_same_for_the_same_seed(name):
    pixels = np.random.default_rng(0).uniform(0, 255, (80, 60))
    scan, points = Scan(pixels, source="7"), Points(("a", "b"), [[10.0, 20.0], [70.0, 30.0]])
    first, second = (select_changes()[name](np.random.default_rng(1)).apply(scan, points) for _ in range(2))
    assert first[0].source == "7"
    assert np.array_equal(first[0].pixels, second[0].pixels)
    assert np.array_equal(first[1].positions, second[1].positions)
