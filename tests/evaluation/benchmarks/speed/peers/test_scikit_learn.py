import numpy as np
import pytest

from boneage.evaluation.benchmarks.speed.peers.scikit_learn import ExtraTreesPeer, fill_absent, normalise_scan
from boneage.imaging import Points, Scan


@pytest.fixture(scope="module")
def known(hands):
    names = hands[0].points.names[::9]
    return [hand.scan for hand in hands[:8]], [hand.points.select(names) for hand in hands[:8]]


@pytest.fixture(scope="module")
def peer(known):
    return ExtraTreesPeer(n_features=120, n_tried=60, n_jobs=2).fit(*known)


def distances(found, truth):
    return np.linalg.norm(found.positions - truth.select(found.names).positions, axis=1)


def test_landmarks_of_other_hands_are_found_within_a_few_pixels(peer, hands):
    found = [peer.locate(hand.scan) for hand in hands[8:]]
    assert np.median([distances(f, hand.points) for f, hand in zip(found, hands[8:], strict=True)]) < 4


def test_a_squashed_copy_is_answered_in_pixels_of_its_original(peer, squashed):
    copy, truth = squashed
    assert np.median(distances(peer.locate(copy), truth)) < 5


def test_the_same_seed_gives_the_same_answer_for_any_number_of_threads(peer, known, hands):
    again = ExtraTreesPeer(n_features=120, n_tried=60, n_jobs=1).fit(*known)
    np.testing.assert_allclose(again.locate(hands[9].scan).positions, peer.locate(hands[9].scan).positions)


def test_an_absent_landmark_does_not_keep_others_from_being_learnt(known, hands):
    scans, points = known
    positions = points[0].positions.copy()
    positions[1] = np.nan
    partial = [Points(points[0].names, positions), *points[1:]]
    peer = ExtraTreesPeer(n_features=40, n_tried=20).fit(scans, partial)
    assert peer.locate(hands[9].scan).present.all()


def test_a_picture_has_true_proportions_and_known_places():
    pixels = np.zeros((40, 60))
    pixels[10:12, 30:32] = 1.0
    picture, to_original = normalise_scan(Scan(pixels, spacing=(2.0, 1.0)), 80)
    assert picture.shape == (80, 60)
    brightest = np.argwhere(picture > 0.9 * picture.max()).mean(axis=0)
    np.testing.assert_allclose(to_original.apply([brightest])[0], [10.5, 30.5], atol=0.5)


def test_what_is_absent_is_put_where_it_is_in_others():
    shapes = [np.array([[1.0, 2.0], [np.nan, np.nan]]), np.array([[3.0, 4.0], [5.0, 6.0]])]
    assert fill_absent(shapes)[0].tolist() == [[1.0, 2.0], [5.0, 6.0]]
