import numpy as np
import pytest

from boneage.imaging import Points, Scan
from boneage.imaging.phantoms import draw_phantom_hand, draw_phantom_volume
from boneage.imaging.standardise import StandardiseSettings, standardise
from boneage.regression import CROP_KINDS, HAND_SITES, VOLUME_SITES, CropSpec

SITES = tuple(site.name for site in HAND_SITES)
OF_RADIOGRAPHS = [kind for kind in CROP_KINDS if kind not in ("regions-slice", "regions-projection")]


@pytest.fixture(scope="module")
def hand():
    return draw_phantom_hand(np.random.default_rng(2), sex="F", age_months=120.0, shape=(450, 350))


@pytest.mark.parametrize("kind", OF_RADIOGRAPHS)
def test_every_kind_of_crop_gives_the_regions_it_names(hand, kind):
    crop_spec = CropSpec(kind, 32)
    stack = crop_spec.crop(hand.scan, hand.points, hand.points)
    assert stack.names == crop_spec.region_names
    assert stack.pixels.shape == (len(stack.names), 32, 32)
    assert stack.present.all()


def test_the_names_and_sides_of_each():
    assert CropSpec().region_names == SITES
    assert CropSpec("hand").region_names == ("hand",)
    assert CropSpec("hand+regions").region_names == ("hand", *SITES)
    assert CropSpec("whole").region_names == ("whole",)
    assert [CropSpec(kind).side for kind in OF_RADIOGRAPHS] == [64, 96, 64, 100]
    assert [CropSpec(kind, ndim=3).side for kind in CROP_KINDS] == [32, 64, 64, 64, 32, 64]
    assert CropSpec("whole").sites == ()


def test_only_the_whole_image_needs_no_landmarks(hand):
    assert [kind for kind in CROP_KINDS if not CropSpec(kind, ndim=3).needs_landmarks] == ["whole"]
    assert CropSpec("whole").crop(hand.scan).present.all()
    for kind in ("regions", "hand"):
        with pytest.raises(ValueError, match=f"cropping {kind} needs the landmarks"):
            CropSpec(kind).crop(hand.scan)
    with pytest.raises(ValueError, match="a reference shape"):
        CropSpec("hand").crop(hand.scan, hand.points)


def test_landmarks_that_are_not_enough_are_named_with_their_sites(hand):
    half = hand.points.names[:18]
    with pytest.raises(ValueError, match=r"of 17 regions \(.*mcp_2.*\) are cropped around .* landmarks .*: "):
        CropSpec().check_landmarks(half)
    CropSpec("hand").check_landmarks(half)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"kind": "half"}, "one of regions, regions-slice"),
        ({"side": 3}, "at least 8"),
        ({"sites": VOLUME_SITES}, "region radius cannot be cropped from 2D scans"),
        ({"ndim": 4}, "2 or 3 axes"),
        ({"kind": "regions-slice"}, "makes pictures of volumes"),
        ({"ndim": 3, "proportions": "fitted"}, "volumes have the proportions"),
        ({"ndim": 3, "thumbnail": 50}, "no thumbnails"),
        ({"proportions": "square"}, "file, fitted or filled"),
        ({"ndim": 3, "detail": 100}, "no thumbnails"),
        ({"ndim": 3, "standardise": StandardiseSettings()}, "no thumbnails"),
        ({"detail": 20}, "at least 32 pixels"),
        ({"kind": "whole", "detail": 100}, "measured by its landmarks"),
        ({"thumbnail": 3}, "at least 8 pixels"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(values, reason):
    with pytest.raises(ValueError, match=reason):
        CropSpec(**values)


def test_a_hand_that_lacks_a_landmark_of_the_reference_is_refused(hand):
    with pytest.raises(ValueError, match="aligned by the landmark"):
        CropSpec("hand").crop(hand.scan, Points(("a",), [[1.0, 2.0]]), hand.points)


@pytest.fixture(scope="module")
def volume():
    return draw_phantom_volume(np.random.default_rng(0), sex="M", age_months=150.0, spacing_mm=(2.0, 1.8, 1.8))


@pytest.mark.parametrize("kind", CROP_KINDS)
def test_every_kind_of_crop_of_a_volume_gives_the_regions_it_names(volume, kind):
    crop_spec = CropSpec(kind, 16, ndim=3)
    stack = crop_spec.crop(volume.scan, volume.points, volume.points)
    assert stack.names == crop_spec.region_names
    assert stack.pixels.shape == (len(stack.names), *crop_spec.shape)
    assert len(crop_spec.shape) == (2 if kind in ("regions-slice", "regions-projection") else 3)
    assert stack.present.mean() > 0.9
    assert {frame.ndim for frame in stack.frames if frame} == {3}


def test_volumes_are_cropped_at_the_sites_of_volumes():
    assert CropSpec(ndim=3).sites == VOLUME_SITES
    assert CropSpec("regions-slice", ndim=3).region_names == tuple(site.name for site in VOLUME_SITES)


def test_radiographs_and_volumes_are_not_mixed_up(hand, volume):
    with pytest.raises(ValueError, match="the crops are of 3D scans, got 2D"):
        CropSpec("whole", ndim=3).crop(hand.scan)
    with pytest.raises(ValueError, match="the crops are of 2D scans, got 3D"):
        CropSpec("whole").crop(volume.scan)


@pytest.mark.parametrize("kind", ["hand", "regions"])
def test_a_standardised_hand_is_cropped_alike_in_any_surround_and_polarity(hand, kind):
    rows, columns = hand.scan.pixels.shape
    framed = np.full((rows + 200, columns + 160), 255, np.float32)
    framed[100:-100, 80:-80] = hand.scan.pixels
    points = Points(hand.points.names, hand.points.positions + np.array([100, 80]))
    crop_spec = CropSpec(kind, 48, standardise=StandardiseSettings())
    expected = crop_spec.crop(hand.scan, hand.points, hand.points)
    for pixels, inverted in ((framed, False), (framed, None), (255 - framed, True), (255 - framed, None)):
        crops = crop_spec.crop(Scan(pixels), points, points, inverted=inverted)
        assert crops.present.all()
        assert np.abs(crops.pixels - expected.pixels).mean() < 0.02


def test_a_large_film_is_shrunk_before_it_is_standardised(hand, monkeypatch):
    seen = []

    def record(scan, settings, *, inverted):
        seen.append(scan.pixels.shape)
        return standardise(scan, settings, inverted=inverted)

    monkeypatch.setattr("boneage.regression.crop_spec.standardise", record)
    large = Scan(hand.scan.pixels.repeat(2, axis=0).repeat(2, axis=1))
    points = Points(hand.points.names, 2 * hand.points.positions + 0.5)
    crop_spec = CropSpec("hand", 64, detail=80, standardise=StandardiseSettings())
    small, big = (
        crop_spec.crop(scan, at, hand.points).pixels for scan, at in ((hand.scan, hand.points), (large, points))
    )
    assert seen[0] == seen[1]
    assert max(seen[1]) < 300 < max(large.pixels.shape)
    assert np.abs(small - big).mean() < 0.02
