import dataclasses

import cv2
import numpy as np
import pytest

from boneage.imaging import Scan
from boneage.imaging.standardise import standardise
from boneage.imaging.standardise.findings import estimate_noise


def kinds(scan):
    return {finding.kind for finding in standardise(scan).findings}


@pytest.mark.parametrize("sigma", [2.0, 10.0, 25.0])
def test_the_noise_is_measured(sigma):
    rng = np.random.default_rng(0)
    slope = np.linspace(0, 100, 300)[:, None] + np.zeros(200)
    noisy = (slope + rng.normal(0, sigma, slope.shape)).astype(np.float32)
    assert estimate_noise(noisy) == pytest.approx(sigma, rel=0.05)
    assert estimate_noise(np.zeros((2, 5), np.float32)) == 0.0


def test_noise_is_told(phantom):
    noise = np.random.default_rng(0).normal(0, 25, phantom.scan.pixels.shape)
    noisy = dataclasses.replace(phantom.scan, pixels=np.clip(phantom.scan.pixels + noise, 0, 255))
    assert kinds(noisy) == {"noise"}
    sentence = standardise(noisy).findings[0].sentence
    assert sentence.startswith("the noise is ")
    assert sentence.endswith("% of the contrast between air and bone")


def test_few_grey_levels_are_told(phantom):
    dark = dataclasses.replace(phantom.scan, pixels=np.round(phantom.scan.pixels / 40))
    assert "underexposed" in kinds(dark)


def test_two_hands_are_told(spread):
    pixels = spread.scan.pixels
    assert kinds(Scan(np.hstack([pixels, pixels[:, ::-1]]))) == {"two hands"}


def test_few_pixels_are_told(spread):
    small = cv2.resize(spread.scan.pixels, (35, 45), interpolation=cv2.INTER_AREA)
    assert "too few pixels" in kinds(Scan(small))
    enough = cv2.resize(spread.scan.pixels, (140, 180), interpolation=cv2.INTER_AREA)
    assert kinds(Scan(enough)) == set()


def photograph(pixels):
    """A film seen aslant on a light box that is brighter in the middle."""
    rows, columns = pixels.shape
    size = (int(1.4 * columns), int(1.4 * rows))
    start = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
    moved = np.array([[50, 10], [-60, 20], [20, -10], [-10, 40]]) + np.array([0.2 * columns, 0.2 * rows])
    end = (start + moved).astype(np.float32)
    to_photograph = cv2.getPerspectiveTransform(start, end)
    film = cv2.warpPerspective(0.7 * pixels + 15, to_photograph, size)
    on_film = cv2.warpPerspective(np.ones_like(pixels), to_photograph, size)
    row, column = np.mgrid[-1 : 1 : 1j * size[1], -1 : 1 : 1j * size[0]]
    return np.where(on_film > 0.5, film, 240 - 25 * (row**2 + column**2))


def test_a_photograph_of_a_film_is_told(spread):
    result = standardise(Scan(photograph(spread.scan.pixels)))
    assert {finding.kind for finding in result.findings} == {"photograph of a film"}
    assert not result.polarity.inverted


def test_a_bright_surround_alone_is_no_photograph(phantom, framed):
    assert kinds(framed(phantom, 0.2, 255.0)[0]) == set()
