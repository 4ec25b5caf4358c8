"""The localiser on radiographs as archives keep them: four marks on a body with four limbs, in a bright surround."""

import dataclasses

import numpy as np
import pytest

from boneage.imaging import Frame, Scan
from boneage.imaging.standardise import StandardiseSettings, standardise
from boneage.landmarks import ForestLocaliser, with_vote_weight
from tests.landmarks.conftest import draw_scene

BEFORE, AFTER = (20, 50), (60, 10)  # rows and columns of the surround


def draw_body(rng):
    """The four marks of a scene, each at the end of a limb from the middle, 26 pixels wide and brighter than air."""
    scan, points = draw_scene(rng)
    pixel = np.stack(np.mgrid[:110, :110], axis=-1) - 55.0
    body = np.zeros((110, 110), dtype=bool)
    for limb in points.positions - 55:
        along = np.clip(pixel @ limb / (limb @ limb), 0, 1)[..., None]
        body |= np.linalg.norm(pixel - along * limb, axis=-1) < 13
    return Scan(scan.pixels + 30 * (body & (scan.pixels < 60))), points


def surround(scan, points):
    """Lay a scan on a bright surround that is wider on some sides than on others."""
    widths = tuple(zip(BEFORE, AFTER, strict=True))
    pixels = np.pad(scan.pixels, widths, constant_values=200)
    return Scan(pixels), dataclasses.replace(points, positions=points.positions + np.array(BEFORE))


@pytest.fixture(scope="module")
def bodies():
    """Twelve bodies to learn from and three others."""
    rng = np.random.default_rng(0)
    drawn = [draw_body(rng) for _ in range(15)]
    return drawn[:12], drawn[12:]


@pytest.fixture(scope="module")
def settings(tiny_settings):
    return dataclasses.replace(tiny_settings, standardise=StandardiseSettings())


@pytest.fixture(scope="module")
def fitted(bodies, settings):
    return ForestLocaliser(settings=settings, n_jobs=2).fit(*zip(*bodies[0], strict=True))


def errors(localiser, scan, points):
    return np.linalg.norm(localiser.locate(scan).positions - points.positions, axis=1)


def test_a_body_in_a_bright_surround_is_found_in_the_pixels_of_the_file(fitted, bodies, tiny_settings):
    for scan, points in bodies[1]:
        assert errors(fitted, scan, points).max() < 1.5
        assert errors(fitted, *surround(scan, points)).max() < 1.5
    plain = ForestLocaliser(settings=tiny_settings, n_jobs=2).fit(*zip(*bodies[0], strict=True))
    assert errors(plain, *bodies[1][0]).max() < 1.5
    assert not plain.locate(surround(*bodies[1][0])[0]).present.any(), "else the surround is too easy"


def test_it_learns_from_radiographs_in_a_bright_surround(fitted, bodies, settings):
    train = [surround(*body) if k % 2 else body for k, body in enumerate(bodies[0])]
    localiser = ForestLocaliser(settings=settings, n_jobs=2).fit(*zip(*train, strict=True))
    assert localiser.usual_.size_ratio == pytest.approx(fitted.usual_.size_ratio, rel=0.05)
    for scan, points in bodies[1]:
        assert errors(localiser, scan, points).max() < 1.5


def test_a_negative_is_found_too_and_known_as_one(fitted, bodies):
    for scan, points in bodies[1]:
        swapped, places = surround(Scan(120 - scan.pixels), points)
        found = fitted.find(swapped)
        assert np.linalg.norm(found.points.positions - places.positions, axis=1).max() < 1.5
        assert found.inverted
        assert found.standardised.polarity.inverted
        assert not fitted.find(surround(scan, points)[0]).inverted


@pytest.mark.parametrize("swapped", [False, True])
def test_where_the_polarity_is_misjudged_the_search_sets_it_right(fitted, bodies, monkeypatch, swapped):
    scan, points = bodies[1][0]
    scan = scan.negative() if swapped else scan

    def misjudge(scan, settings):
        result = standardise(scan, settings)
        wrong = dataclasses.replace(result.polarity, inverted=not result.polarity.inverted)
        return dataclasses.replace(result, scan=result.scan.negative(), polarity=wrong)

    monkeypatch.setattr("boneage.landmarks.localiser.standardise", misjudge)
    found = fitted.find(scan)
    assert found.standardised.polarity.inverted != swapped
    assert found.inverted == swapped
    assert np.linalg.norm(found.points.positions - points.positions, axis=1).max() < 1.5


def test_what_standardising_found_is_told(fitted, bodies):
    scan, _ = bodies[1][0]
    plain, small = fitted.find(scan).standardised, fitted.find(Scan(np.zeros((60, 60)))).standardised
    assert "no hand" not in [finding.kind for finding in plain.findings]
    assert small.findings


def test_landmarks_and_votes_are_in_the_originals_pixels(fitted, bodies):
    """The file was enlarged to twice its rows and columns when it was read, and turned upside down."""
    scan, points = surround(*bodies[1][1])
    rows, columns = scan.pixels.shape
    to_original = Frame(np.array([[-0.5, 0.0, rows / 2], [0.0, 0.5, 3.0], [0.0, 0.0, 1.0]]))
    read = dataclasses.replace(scan, to_original=to_original, original_shape=(rows, columns))
    found = fitted.find(read)
    expected = to_original.apply(points.positions)
    assert np.linalg.norm(found.points.positions - expected, axis=1).max() < 0.75
    for map_, place in zip(found.votes, found.points.positions, strict=True):
        peak = np.array(np.unravel_index(map_.values.argmax(), map_.values.shape))
        assert np.abs(map_.to_map.apply(place[None])[0] - peak).max() <= 0.51


def test_a_landmark_outside_the_image_is_told_by_the_file_not_by_the_standard_form(fitted, bodies, monkeypatch):
    """One landmark is found beside the exposed field, but in the file; another beside the file."""
    scan, _ = surround(*bodies[1][0])
    inside, beyond = np.array([scan.pixels.shape[0] - 2.0, 100.0]), np.array([50.0, -1.0])
    refine = fitted._refinement.refine

    def misplace(standard, hypothesis):
        first, second, *others = refine(standard, hypothesis)
        to_reference = hypothesis.pose.compose(standard.frame_to_original().inverse())
        places = to_reference.apply(np.stack([inside, beyond]))
        moved = [dataclasses.replace(landmark, position=p) for landmark, p in zip((first, second), places, strict=True)]
        return [*moved, *others]

    monkeypatch.setattr(fitted._refinement, "refine", misplace)
    monkeypatch.setattr(fitted.prior_, "find_outliers", lambda positions: np.zeros(4, dtype=bool))
    found = fitted.locate(scan)
    assert found.reasons[:2] == ("", "outside the image")
    assert found.positions[0] == pytest.approx(inside)


def test_an_anatomy_that_does_not_stand_out_is_not_standardised(fitted, scenes, settings):
    """The marks alone are no body: nothing tells which part of the picture is the anatomy."""
    localiser = ForestLocaliser(settings=settings, n_jobs=2).fit(*zip(*scenes[0], strict=True))
    assert fitted._settings.standardise == StandardiseSettings()
    assert localiser._settings.standardise is None
    assert localiser.settings.standardise == StandardiseSettings(), "what was asked for is not changed"
    assert localiser.to_state()[0]["settings"]["standardise"] is None
    assert np.median([errors(localiser, *scene) for scene in scenes[1]]) < 1.0


def test_other_settings_of_votes_do_not_bring_the_standard_form_back(scenes, settings):
    train = scenes[0]
    localiser = ForestLocaliser(settings=settings, n_jobs=2).fit(*zip(*train, strict=True))
    other = localiser.with_settings(with_vote_weight(settings, "uniform"), *zip(*train, strict=True))
    assert other.to_state()[0]["settings"]["standardise"] is None


def test_the_same_trees_vote_by_other_settings_in_the_standard_form(fitted, bodies, settings):
    train = [surround(*body) for body in bodies[0]]
    same = fitted.with_settings(settings, *zip(*bodies[0], strict=True))
    assert same.typical_score_ == pytest.approx(fitted.typical_score_)
    other = fitted.with_settings(settings, *zip(*train, strict=True))
    assert other.typical_score_ == pytest.approx(fitted.typical_score_, rel=0.05)
    assert errors(other, *surround(*bodies[1][2])).max() < 1.5


def test_state_and_back_locates_the_same(fitted, bodies):
    again = ForestLocaliser.from_state(*fitted.to_state())
    scan, _ = surround(*bodies[1][0])
    assert again._settings.standardise == StandardiseSettings()
    assert np.array_equal(again.locate(scan).positions, fitted.locate(scan).positions)


def test_no_scans_are_an_error():
    with pytest.raises(ValueError, match="at least 2 scans"):
        ForestLocaliser().fit([], [])
