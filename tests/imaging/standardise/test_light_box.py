import numpy as np
import pytest

from boneage.imaging.standardise import FindingSettings
from boneage.imaging.standardise.light_box import lies_on_light_box, measure_convergence
from tests.imaging.files.doubtful_pictures import photograph


@pytest.fixture(scope="module")
def small(spread):
    """A hand of 300 x 233 pixels."""
    return spread.scan.pixels[::3, ::3].astype(np.uint8)


def test_the_convergence_is_the_angle_between_opposite_sides():
    assert measure_convergence(np.array([[0, 0], [0, 10], [10, 10], [10, 0]])) == pytest.approx(0)
    assert measure_convergence(np.array([[0, 1], [0, 9], [10, 10], [10, 0]])) == pytest.approx(2 * np.arctan(0.1))


@pytest.mark.parametrize("darker", [0.0, 0.6])
@pytest.mark.parametrize("aslant", [0.05, 0.15, 0.25])
def test_a_film_on_a_light_box_is_told(small, aslant, darker):
    assert lies_on_light_box(photograph(small, aslant, darker).astype(np.float32), FindingSettings())


def test_a_film_seen_straight_and_a_radiograph_are_not(small):
    for picture in (
        photograph(small, 0.0),
        small,
        255 - small,
        np.pad(small, 40),
        np.pad(small, 40, constant_values=255),
    ):
        assert not lies_on_light_box(picture.astype(np.float32), FindingSettings())


@pytest.mark.parametrize("value", [0, 200])
def test_a_blank_picture_is_none(value):
    assert not lies_on_light_box(np.full((40, 30), value, np.float32), FindingSettings())


def test_air_that_is_a_little_darker_in_the_middle_is_no_film():
    """A hand is far brighter than the air at the rim; nothing is brighter than a light box."""
    row, column = np.mgrid[-1:1:300j, -1:1:240j]
    film = np.where((np.abs(row) < 0.8) & (np.abs(column) < 0.7 + 0.1 * row), 4, 12).astype(np.float32)
    assert lies_on_light_box(film, FindingSettings())
    hand = np.where(np.hypot(row / 0.6, column / 0.4) < 1, 90, film).astype(np.float32)
    assert not lies_on_light_box(hand, FindingSettings())
