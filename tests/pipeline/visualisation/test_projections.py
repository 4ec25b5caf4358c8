import dataclasses

import numpy as np
import pytest

from boneage.imaging import Frame, Scan
from boneage.landmarks import VoteMap
from boneage.pipeline.visualisation.projections import (
    VIEWS,
    merge_votes,
    place_projection,
    place_slice,
    project,
    sample_slice,
    sample_votes,
)

BALL = np.array([4.0, 40.0, 25.0])


@pytest.fixture(scope="module")
def scan():
    """A ball of 5 mm about ``BALL`` in voxels of 3 x 1 x 2 mm."""
    spacing = (3.0, 1.0, 2.0)
    grid = np.stack(np.meshgrid(*map(np.arange, (9, 60, 50)), indexing="ij"), axis=-1)
    inside = np.linalg.norm((grid - BALL) * spacing, axis=-1) < 5
    return Scan(100.0 * inside, spacing=spacing, spacing_unit="mm", modality="mri")


def centre_of(picture):
    weights = np.nan_to_num(picture)
    return np.array([(weights * index).sum() for index in np.indices(weights.shape)]) / weights.sum()


@pytest.mark.parametrize("view", VIEWS)
def test_the_ball_is_round_and_in_the_middle_of_every_slice_through_it(scan, view):
    to_picture = place_slice(scan, view, BALL, 4.0, 81)
    picture = sample_slice(scan, to_picture, 81)
    assert picture.shape == (81, 81)
    assert np.allclose(centre_of(picture), 40, atol=0.5)
    assert np.allclose(to_picture.apply([BALL]), [[0, 40, 40]])
    rows, columns = (np.ptp(np.argwhere(picture > 50)[:, axis]) for axis in (0, 1))
    assert rows == pytest.approx(columns, abs=9)  # a voxel of 2 mm
    assert np.isnan(sample_slice(scan, place_slice(scan, view, BALL * 9, 4.0, 81), 81)).all()


@pytest.mark.parametrize(("view", "place"), [("coronal", (40, 50)), ("sagittal", (40, 12)), ("axial", (12, 50))])
def test_projections_show_the_whole_volume_in_true_proportions(scan, view, place):
    to_picture, shape = place_projection(scan, view, 2.0)
    size = np.array([27, 60, 100])
    assert shape == tuple(2 * size[list(VIEWS[view][1:])])
    in_mm = (to_picture.apply([BALL])[0, 1:] + 0.5) / 2
    assert np.allclose(in_mm, np.array(place) + np.array([3, 1, 2])[list(VIEWS[view][1:])] / 2)
    flat = project(scan.pixels, view)
    assert np.allclose(centre_of(flat), BALL[list(VIEWS[view][1:])])


def test_a_volume_whose_file_runs_another_way_is_shown_the_same(scan):
    turned = dataclasses.replace(
        scan, to_original=Frame.from_linear(np.array([[0, 0, -1], [1, 0, 0], [0, 1, 0]]), [49, 0, 0])
    )
    in_file = turned.frame_to_original().apply([BALL])[0]
    for view in VIEWS:
        straight = sample_slice(scan, place_slice(scan, view, BALL, 4.0, 41), 41)
        assert np.allclose(
            sample_slice(turned, place_slice(turned, view, in_file, 4.0, 41), 41), straight, equal_nan=True
        )
        assert np.allclose(
            place_projection(turned, view, 2.0)[0].apply([in_file]), place_projection(scan, view, 2.0)[0].apply([BALL])
        )


def test_votes_are_shown_where_they_fell_relative_to_their_peak(scan):
    values = np.zeros((9, 9, 9), np.float32)
    values[4, 4, 4] = 0.2
    vote = VoteMap(values, Frame.from_linear(np.eye(3), 4 - BALL))
    values = sample_votes(vote, place_slice(scan, "coronal", BALL, 4.0, 41), 41)
    assert values.max() == pytest.approx(1, abs=0.05)
    assert np.unravel_index(values.argmax(), values.shape) == (20, 20)
    highest = merge_votes(scan, [vote])
    assert highest.shape == (54, 120, 200)
    peak = np.unravel_index(highest.argmax(), highest.shape)
    assert np.linalg.norm((peak - (BALL + 0.5) * np.array([6, 2, 4])) / 2) < 3
    assert merge_votes(scan, []).max() == 0
