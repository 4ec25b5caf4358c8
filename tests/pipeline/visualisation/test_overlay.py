import dataclasses

import numpy as np
import pytest

from boneage.imaging import read_scan
from boneage.pipeline.assessment import Assessment
from boneage.pipeline.visualisation.overlay import draw_landmarks, draw_overlay, draw_scan
from boneage.pipeline.visualisation.panels import HEIGHT, PANEL_WIDTH
from tests.volume_hands import draw_hand

AMBER, PINK = (255, 176, 0), (220, 80, 140)


@pytest.fixture(scope="module")
def scan(new):
    return read_scan(new / "images" / "phantom0001.png")


def pixels_of(picture, colour):
    return np.argwhere((np.asarray(picture) == colour).all(axis=2))


def test_the_picture_shows_the_hand_in_true_proportions_beside_a_panel(pipeline, scan):
    result = pipeline.assess(scan, sex="F", id_="hand")
    picture = draw_overlay(scan, result)
    rows, columns = scan.pixels.shape
    panel = picture.width - round(HEIGHT * columns / rows)
    assert picture.height == HEIGHT
    assert 250 < panel < 450
    squeezed = dataclasses.replace(scan, spacing=(1.0, 2.0))
    assert draw_overlay(squeezed, result).width - panel == round(HEIGHT * 2 * columns / rows)


def test_what_is_drawn_on_a_picture_is_not_on_the_next_of_the_same_scan(scan):
    first, to_picture = draw_scan(scan)
    before = np.asarray(first).copy()
    first.paste(AMBER, (0, 0, *first.size))
    second, same = draw_scan(scan)
    assert same is to_picture
    assert np.array_equal(np.asarray(second), before)
    smaller, _ = draw_scan(dataclasses.replace(scan, pixels=scan.pixels[:, ::2].copy(), original_shape=None))
    assert smaller.width < second.width


def test_the_interval_is_written_below_the_age(pipeline, calibrated, scan):
    plain, with_interval = (
        draw_overlay(scan, model.assess(scan, sex="F", id_="hand")) for model in (pipeline, calibrated)
    )
    panels = [np.asarray(picture)[:, -PANEL_WIDTH:] for picture in (plain, with_interval)]
    changed = np.argwhere((panels[0] != panels[1]).any(axis=2))
    assert changed[:, 0].min() >= 110
    assert np.array_equal(panels[0][:110], panels[1][:110])


def test_landmarks_are_drawn_where_they_are_and_doubtful_ones_in_another_colour(pipeline, scan):
    points = pipeline.localiser.locate(scan)
    doubtful = dataclasses.replace(points, reasons=("few votes",) + ("",) * (len(points) - 1))
    picture = draw_landmarks(scan, doubtful)
    zoom = HEIGHT / scan.pixels.shape[0]
    assert np.linalg.norm(pixels_of(picture, PINK).mean(axis=0) - points.positions[0] * zoom) < 2
    ring = pixels_of(picture, AMBER)
    for place in points.positions[1:]:
        assert np.linalg.norm(ring - place * zoom, axis=1).min() < 6


def test_the_bones_of_several_age_models_are_as_bright_as_alone(joined, pipeline, scan):
    result = joined.assess(scan, sex="F", id_="hand")
    both, alone = draw_overlay(scan, result), draw_overlay(scan, pipeline.assess(scan, sex="F", id_="hand"))
    changed = np.argwhere((np.asarray(both) != np.asarray(alone)).any(axis=2)[:, : both.width - PANEL_WIDTH])
    assert len(changed) > 100
    (hand,) = result.regions[0].frames
    inside = hand.inverse().apply((changed + 0.5) * scan.pixels.shape[0] / HEIGHT - 0.5)
    assert np.abs(np.abs(inside - 23.5).max(axis=1) - 24).max() < 0.3, "nothing but the hand's square is new"


def test_a_refused_hand_has_a_picture_with_its_reason(scan):
    refused = Assessment("hand", "hand.png", "refused", "it is upside down and has a very long reason " * 3, "F")
    plain = draw_overlay(scan, refused)
    assert len(pixels_of(plain, PINK)) > 100
    assert len(pixels_of(plain, AMBER)) == 0


def test_a_volume_has_projections_and_slices_beside_its_panel():
    volume, points = draw_hand(np.random.default_rng(0))
    refused = Assessment("hand", "hand.nii", "refused", "no reason", "F", points=points)
    picture = draw_overlay(volume, refused)
    assert picture.size == (draw_landmarks(volume, points).width + PANEL_WIDTH, HEIGHT)
