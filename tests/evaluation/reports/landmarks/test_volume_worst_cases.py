import numpy as np
import pytest

from boneage.evaluation.reports.landmarks.volume_worst_cases import SIDE, draw_volume_case
from boneage.imaging import Frame
from boneage.landmarks import VoteMap
from tests.volume_hands import draw_hand

ORANGE = (240, 90, 20)
CORNERS = {"coronal": (0, 0), "sagittal": (0, SIDE + 6), "axial": (SIDE + 6, 0)}


@pytest.fixture(scope="module")
def scan():
    return draw_hand(np.random.default_rng(0))[0]


def marks_in(picture, view, colour, tolerance=60):
    """The middle of what has a colour in a view, (row, column)."""
    row, column = CORNERS[view]
    part = np.asarray(picture).astype(int)[row : row + SIDE, column : column + SIDE]
    return np.argwhere(np.abs(part - colour).max(axis=2) < tolerance).mean(axis=0)


@pytest.mark.parametrize(("view", "axes"), [("coronal", (1, 2)), ("sagittal", (1, 0)), ("axial", (0, 2))])
def test_the_estimate_is_where_it_is_in_every_view(scan, view, axes):
    true, off_mm = np.array([8.0, 60.0, 40.0]), np.array([3.0, -5.0, 9.0])
    picture = draw_volume_case(scan, true, true + off_mm / scan.spacing_array, side=40.0)
    assert picture.size == (2 * SIDE + 6, 2 * SIDE + 6)
    expected = (SIDE - 1) / 2 + off_mm[list(axes)] / 2 * SIDE / 40
    assert np.linalg.norm(marks_in(picture, view, ORANGE) - expected) < 3


def test_votes_before_and_behind_a_slice_are_projected_into_it(scan):
    true = np.array([8.0, 60.0, 40.0])
    values = np.zeros((11, 21, 21), np.float32)
    values[4:7, 8:13, 8:13] = 0.1
    votes = VoteMap(values, Frame.from_linear(np.eye(3), [5 - 11.0, 10 - 60.0, 10 - 40.0]))  # 9 mm behind
    plain, overlaid = (
        np.asarray(draw_volume_case(scan, true, true + 0.1, side=60.0, votes=shown)).astype(int)[:SIDE, :SIDE]
        for shown in (None, votes)
    )
    changed = np.argwhere(np.abs(overlaid - plain).max(axis=2) > 60)
    assert np.linalg.norm(changed.mean(axis=0) - SIDE / 2) < 12
