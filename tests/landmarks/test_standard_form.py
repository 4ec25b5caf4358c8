import numpy as np
import pytest

from boneage.imaging import Scan
from boneage.imaging.phantoms import draw_phantom_hand
from boneage.imaging.standardise import StandardiseSettings, standardise
from boneage.landmarks.standard_form import StandardisedScans


@pytest.fixture(scope="module")
def hands():
    """Three upright hands, each in a black surround of another width."""
    drawn = [draw_phantom_hand(np.random.default_rng(seed), sex="F", age_months=120.0).scan for seed in range(3)]
    return [Scan(np.pad(scan.pixels + 60, 40 + 10 * k)) for k, scan in enumerate(drawn)]


@pytest.fixture
def noise():
    """Pictures in which nothing stands out."""
    rng = np.random.default_rng(0)
    return [Scan(rng.normal(20, 2, (110, 110))) for _ in range(3)]


def test_a_hand_stands_out_and_noise_does_not(hands, noise):
    assert StandardisedScans(hands, StandardiseSettings()).stand_out()
    assert not StandardisedScans(noise, StandardiseSettings()).stand_out()
    assert StandardisedScans([*hands[:2], noise[0]], StandardiseSettings()).stand_out(), "most do"
    assert not StandardisedScans([*noise[:2], hands[0]], StandardiseSettings()).stand_out()
    assert not StandardisedScans([], StandardiseSettings()).stand_out()


@pytest.mark.parametrize(("n", "n_read"), [(7, 7), (20, 20), (50, 20)])
def test_whether_an_anatomy_stands_out_is_seen_in_twenty_scans_at_most(noise, monkeypatch, n, n_read):
    read = []

    def count(scan, settings):
        read.append(scan)
        return result

    result = standardise(noise[0])
    monkeypatch.setattr("boneage.landmarks.standard_form.standardise", count)
    scans = [Scan(np.full((2, 2), float(k))) for k in range(n)]
    StandardisedScans(scans, StandardiseSettings()).stand_out()
    assert len(read) == len({id(scan) for scan in read}) == n_read


def test_a_negative_has_the_same_range_and_everything_else_of_the_scan():
    scan = Scan(np.array([[3.0, 5.0], [10.0, 4.0]]), spacing=(2.0, 1.0), sex="F")
    swapped = scan.negative()
    assert swapped.pixels.tolist() == [[10, 8], [3, 9]]
    assert scan.pixels.tolist() == [[3, 5], [10, 4]]
    assert (swapped.spacing, swapped.sex) == (scan.spacing, "F")
    assert np.array_equal(swapped.negative().pixels, scan.pixels)


def test_scans_are_standardised_when_they_are_read(hands):
    standard = StandardisedScans(hands, StandardiseSettings())
    assert len(standard) == 3
    expected = standardise(hands[1], StandardiseSettings()).scan
    assert standard[1].pixels.shape == expected.pixels.shape != hands[1].pixels.shape
    assert np.array_equal(standard[1].pixels, expected.pixels)
    assert [scan.pixels.shape for scan in standard[1:]] == [scan.pixels.shape for scan in list(standard)[1:]]


def test_scans_stay_as_they_are_without_settings(hands):
    assert [one is other for one, other in zip(StandardisedScans(hands, None), hands, strict=True)] == [True] * 3


def test_a_scan_is_judged_once_and_cut_out_alike_each_time(hands, monkeypatch):
    turned = Scan(np.rot90(hands[0].pixels))
    judged = []

    def count(scan, settings):
        judged.append(scan)
        return standardise(scan, settings)

    monkeypatch.setattr("boneage.landmarks.standard_form.standardise", count)
    standard = StandardisedScans([*hands, turned], StandardiseSettings())
    assert standard.stand_out()
    for _ in range(2):
        for k, original in enumerate([*hands, turned]):
            expected = standardise(original, StandardiseSettings()).scan
            assert np.array_equal(standard[k].pixels, expected.pixels)
            assert np.array_equal(standard[k].frame_to_original().matrix, expected.frame_to_original().matrix)
    assert np.array_equal(standard[-1].pixels, standard[3].pixels)
    assert len(judged) == 4
