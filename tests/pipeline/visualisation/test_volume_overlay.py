import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from boneage.imaging import Frame, Scan
from boneage.landmarks import VoteMap
from boneage.pipeline.visualisation.panels import BACKGROUND, HEIGHT
from boneage.pipeline.visualisation.volume_overlay import draw_scale, draw_volume
from boneage.regression import AgeEstimate
from tests.volume_hands import draw_hand

AMBER, PINK, BLUE = (255, 176, 0), (220, 80, 140), (90, 190, 255)


@pytest.fixture(scope="module")
def hand():
    return draw_hand(np.random.default_rng(0))


def pixels_of(picture, colour):
    return np.argwhere((np.asarray(picture) == colour).all(axis=2))


def test_a_hand_of_34_landmarks_fits_a_screen(hand):
    scan, points = hand
    picture = draw_volume(scan, points)
    assert picture.height == HEIGHT
    assert 1500 < picture.width < 2100
    assert pixels_of(picture, BACKGROUND).size


def test_landmarks_are_drawn_in_both_projections_and_doubtful_ones_in_another_colour(hand):
    scan, points = hand
    reasons = tuple("few votes" if name == "ulna_physis" else "" for name in points.names)
    picture = draw_volume(scan, dataclasses.replace(points, reasons=reasons))
    scale = HEIGHT / scan.true_size[1]
    in_px = (points.positions + 0.5) * scan.spacing_array * scale
    coronal, ring = np.asarray(picture)[:, : round(scan.true_size[2] * scale)], pixels_of(picture, AMBER)
    for name, place in zip(points.names, in_px, strict=True):
        for column in (place[2], place[0] + scan.true_size[2] * scale + 4):
            near = np.linalg.norm(ring - (place[1], column), axis=1).min() < 7
            assert near or name == "ulna_physis"
    doubtful = pixels_of(coronal, PINK).mean(axis=0)
    assert np.linalg.norm(doubtful - in_px[points.names.index("ulna_physis")][1:]) < 2


def test_what_is_not_found_has_no_slices(hand):
    scan, points = hand
    gone = np.where(np.arange(len(points))[:, None] == 0, np.nan, points.positions)
    whole, less = (np.asarray(draw_volume(scan, p)) for p in (points, dataclasses.replace(points, positions=gone)))
    assert whole.shape == less.shape
    left = whole.shape[1] - 4 * 276
    first = slice(60, 140), slice(left + 4, left + 264)
    assert whole[first].any(axis=2).mean() > 0.9
    assert (less[first] == BACKGROUND).all()
    none = draw_volume(scan, dataclasses.replace(points, positions=np.full_like(gone, np.nan)))
    assert not len(pixels_of(none, AMBER))


def test_without_landmarks_there_are_projections_alone(hand):
    scan, _ = hand
    assert draw_volume(scan, None).width == round(1000 / 210 * 120) + round(1000 / 210 * 48) + 8


def test_a_broad_volume_is_made_to_fit():
    scan = Scan(np.random.default_rng(0).random((10, 20, 90)), spacing=(2.0, 1.0, 1.0), spacing_unit="mm")
    assert draw_volume(scan, None).size[0] == pytest.approx(868, abs=2)


def test_votes_and_regions_are_laid_over(hand):
    scan, points = hand
    pair = points.select(("capitate", "middle_tip"))
    peak = np.zeros((9, 9, 9), np.float32)
    peak[3:6, 3:6, 3:6] = 0.2
    votes = [VoteMap(peak, Frame.from_linear(np.eye(3), 4 - place)) for place in pair.positions]
    plain, values = (np.asarray(draw_volume(scan, pair, votes=v)).astype(int) for v in ((), votes))
    assert (np.ptp(values, axis=2) > 60).sum() > 3 * (np.ptp(plain, axis=2) > 60).sum()
    frame = Frame.from_linear(np.diag([0.5, 1.0, 0.7]), pair.positions[0] - 5)
    box = SimpleNamespace(names=("carpus",), pixels=np.zeros((1, 12, 12, 12)), frames=(frame,))
    estimate = AgeEstimate(90.0, ("carpus",), (90.0,), (1.0,))
    boxed = draw_volume(scan, pair, regions=[box], estimate=estimate)
    blue = pixels_of(np.asarray(boxed)[:, :570], BLUE)
    assert np.ptp(blue[:, 0]) == pytest.approx(12 * 1.25 * HEIGHT / 210, abs=3)
    assert np.ptp(blue[:, 1]) == pytest.approx(12 * 0.7 * 1.5 * HEIGHT / 210, abs=3)


def test_a_scale_bar_is_a_round_length():
    picture = Image.new("RGB", (200, 50))
    draw_scale(ImageDraw.Draw(picture), (10, 40), 3.0, 100)
    bar = np.argwhere(np.asarray(picture)[40, :, 0] > 200)
    assert np.ptp(bar) == 60  # 20 mm
