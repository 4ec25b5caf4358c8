import dataclasses

import numpy as np
import pytest

from boneage.imaging import Frame, Scan
from boneage.imaging.phantoms import join_hands
from boneage.imaging.standardise import split_hands, standardise


@pytest.fixture(scope="module")
def pair(phantom, spread):
    """Two hands side by side with air between them, in one picture: it, and the landmarks of each."""
    return join_hands((phantom.scan, phantom.points), (spread.scan, spread.points))


def holds(hand, points):
    """Return whether a scan has all landmarks, given in original pixels, inside."""
    at = hand.frame_to_original().inverse().apply(points.positions)
    return bool(((at >= -0.5) & (at <= np.array(hand.pixels.shape) - 0.5)).all())


def test_each_hand_is_a_scan_that_leads_back_to_the_pictures_pixels(pair):
    picture, *points = pair
    hands = split_hands(picture)
    assert len(hands) == 2
    for hand, of_hand in zip(hands, points, strict=True):
        at = np.rint(hand.frame_to_original().inverse().apply(of_hand.positions)).astype(int)
        there = np.rint(of_hand.positions).astype(int)
        assert np.array_equal(hand.pixels[at[:, 0], at[:, 1]], picture.pixels[there[:, 0], there[:, 1]])
        found = standardise(hand)
        assert (found.mask.n_hands, found.findings) == (1, ())
        assert hand.original_shape == picture.pixels.shape


def test_what_another_hand_has_of_a_rectangle_is_as_bright_as_the_air(pair):
    pixels = pair[0].pixels
    slanted = Scan(np.stack([np.roll(row, k // 5) for k, row in enumerate(pixels)]))  # no column parts the hands
    left, right = split_hands(slanted)
    assert left.pixels.shape[1] + right.pixels.shape[1] > pixels.shape[1] + 50
    assert (left.pixels[0, -5:] == np.float32(standardise(slanted).window.low)).all()
    assert [standardise(hand).mask.n_hands for hand in (left, right)] == [1, 1]


def test_hands_come_from_left_to_right_whichever_is_larger(phantom, spread):
    for first, second in ((phantom, spread), (spread, phantom)):
        picture, *_ = join_hands((first.scan, first.points), (second.scan, second.points))
        starts = [hand.frame_to_original().apply([[0.0, 0.0]])[0, 1] for hand in split_hands(picture)]
        assert starts == sorted(starts)


def test_hands_above_each_other_in_a_negative_and_in_a_resized_copy_are_split(pair):
    picture, *points = pair
    turned = Frame.from_linear(np.array([[0.0, 1.0], [1.0, 0.0]]), [0, 0])
    for scan, frame in (
        (Scan(picture.pixels.T), turned),
        (Scan(255 - picture.pixels), Frame.identity(2)),
        (picture.as_resized_copy_of((1800, 1400)), Frame.resize(picture.pixels.shape, (1800, 1400))),
    ):
        hands = split_hands(scan)
        assert len(hands) == 2
        assert all(any(holds(hand, of_hand.mapped(frame)) for hand in hands) for of_hand in points)


def test_no_hand_of_several_has_the_files_laterality(pair, phantom):
    picture = dataclasses.replace(pair[0], laterality="L")
    assert {hand.laterality for hand in split_hands(picture)} == {None}
    alone = dataclasses.replace(phantom.scan, laterality="L")
    assert split_hands(alone) == (alone,)


def test_a_picture_of_one_hand_or_none_and_a_volume_are_returned_as_they_are(phantom):
    for scan in (phantom.scan, Scan(np.zeros((50, 40))), Scan(np.zeros((4, 50, 40)))):
        assert split_hands(scan) == (scan,)
