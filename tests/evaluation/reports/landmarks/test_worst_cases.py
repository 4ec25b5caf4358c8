import io

import numpy as np
import pytest
from PIL import Image

from boneage.evaluation.metrics import Case
from boneage.evaluation.reports.landmarks.worst_cases import SIDE, draw_case, draw_cases
from boneage.imaging import Frame, Points, Scan, UnreadableScan, measure_length
from boneage.landmarks import VoteMap
from boneage.pipeline.data import load_collection
from boneage.pipeline.pipeline import load_localiser
from tests.volume_hands import draw_hand

SCAN = Scan(np.random.default_rng(0).uniform(0.2, 0.4, (400, 300)))
ORANGE = (240, 90, 20)


def near(picture, place, colour, reach=14, tolerance=60):
    """Whether there is something of a colour near a place, (row, column)."""
    row, column = np.round(place).astype(int)
    part = np.asarray(picture).astype(int)[row - reach : row + reach + 1, column - reach : column + reach + 1]
    return bool((np.abs(part - colour).max(axis=2) < tolerance).any())


def test_truth_is_a_ring_and_the_estimate_a_cross_where_they_are():
    picture = draw_case(SCAN, np.array([200.0, 100.0]), np.array([200.0, 130.0]), length=500)
    assert picture.size == (SIDE, SIDE)
    scale, middle = SIDE / 100, (SIDE - 1) / 2
    ring, cross = np.array([middle, middle - 15 * scale]), np.array([middle, middle + 15 * scale])
    assert near(picture, ring, (255, 255, 255))
    assert not near(picture, ring, ORANGE)
    assert near(picture, cross, ORANGE)


@pytest.mark.parametrize("found", [[200.0, 100.0], [5000.0, -4000.0], [0.0, 0.0]])
@pytest.mark.parametrize("length", [500.0, np.nan])
def test_both_are_in_the_picture_however_far_apart_and_outside_the_image(found, length):
    picture = draw_case(SCAN, np.array([200.0, 100.0]), np.array(found), length=length)
    assert near(picture, (SIDE / 2, SIDE / 2), ORANGE, reach=SIDE // 2 - 1)


def test_a_resized_copy_is_shown_in_original_pixels():
    smooth = np.outer(np.sin(np.arange(400) / 20), np.cos(np.arange(300) / 15)).astype(np.float32)
    squashed = Scan((smooth[::2] + smooth[1::2]) / 2).as_resized_copy_of((400, 300))
    whole, copy = (
        np.asarray(draw_case(scan, np.array([200.0, 100.0]), np.array([200.0, 101.0]), length=500)).astype(int)
        for scan in (Scan(smooth), squashed)
    )
    assert np.abs(whole - copy).mean() < 3


def test_votes_colour_the_picture_where_they_fell():
    values = np.zeros((41, 41), np.float32)
    values[20, 20] = 0.01  # the layer is scaled to its own peak
    votes = VoteMap(values, Frame.from_linear(np.eye(2), [-180.0, -80.0]))  # the peak at row 200, column 100
    plain, overlaid = (
        np.asarray(
            draw_case(SCAN, np.array([200.0, 150.0]), np.array([200.0, 151.0]), length=1000, votes=shown)
        ).astype(int)
        for shown in (None, votes)
    )
    changed = np.argwhere(np.abs(overlaid - plain).max(axis=2) > 30)
    expected = (SIDE - 1) / 2 + np.array([0.0, 100.0 - 150.5]) * SIDE / 200
    assert len(changed)
    assert np.linalg.norm(changed.mean(axis=0) - expected) < 3


@pytest.fixture(scope="module")
def hand(new, localiser_file):
    collection = load_collection([new / "images"], landmarks=new / "landmarks.csv")
    localiser = load_localiser(localiser_file)[0]
    id_ = collection.ids[0]
    return collection, localiser, id_, {id_: localiser.locate(collection.scan(id_))}, {id_: collection.points(id_)}


def test_cases_are_png_files_with_the_votes_of_the_localiser_that_made_them(hand):
    collection, localiser, id_, found, truth = hand
    cases = [Case(id_, name, 1.0, 0.5) for name in ("radius_styloid_tip", "index_tip")]
    with_votes = list(draw_cases(cases, collection.scan, found, truth, localiser))
    without = list(draw_cases(cases, collection.scan, found, truth))
    assert [case for case, _ in with_votes] == cases
    for (_, one), (_, other) in zip(with_votes, without, strict=True):
        with Image.open(io.BytesIO(one)) as picture:
            assert (picture.format, picture.size) == ("PNG", (SIDE, SIDE))
        assert one != other


def test_votes_of_another_localiser_are_left_out(hand):
    collection, localiser, id_, found, truth = hand
    cases = [Case(id_, "index_tip", 1.0, 0.5)]
    elsewhere = {id_: Points(found[id_].names, found[id_].positions + 30)}
    with_votes, without = (
        list(draw_cases(cases, collection.scan, elsewhere, truth, voter)) for voter in (localiser, None)
    )
    assert with_votes == without


def test_hands_that_cannot_be_read_are_passed_over(hand):
    collection, _, id_, found, truth = hand

    def scan_of(asked):
        if asked == "damaged":
            raise UnreadableScan("x.png", "is damaged")
        return Scan(np.zeros((4, 4, 4)), modality="mri") if asked == "volume" else collection.scan(asked)

    cases = [Case(asked, "index_tip", 1.0, np.nan) for asked in ("damaged", "no such", "volume", id_)]
    drawn = draw_cases(cases, scan_of, {**found, "volume": found[id_]}, {**truth, "volume": truth[id_]})
    assert [case.id for case, _ in drawn] == [id_]


def test_a_case_of_a_volume_is_drawn_in_slices_as_wide_as_a_fifth_of_its_length_in_mm():
    scan, points = draw_hand(np.random.default_rng(0))
    found = Points(points.names, points.positions + 0.3)
    case = Case("v", "index_tip", 1.0, np.nan)
    ((_, png),) = draw_cases([case], lambda _: scan, {"v": found}, {"v": points})
    with Image.open(io.BytesIO(png)) as picture:
        length = measure_length(Points(points.names, points.positions * scan.spacing_array))
        expected = draw_case(scan, points.position("index_tip"), found.position("index_tip"), length=length)
        assert np.array_equal(np.asarray(picture), np.asarray(expected))
