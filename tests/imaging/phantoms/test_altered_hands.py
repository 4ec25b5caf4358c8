import numpy as np
import pytest

from boneage.imaging import Points, Scan
from boneage.imaging.phantoms import ALTERED_HANDS, FINGERS, draw_phantom_hand, halve_hand, join_hands, remove_finger


@pytest.fixture(scope="module")
def hand():
    """A boy's hand of 10 years, 450 x 350 pixels."""
    return draw_phantom_hand(np.random.default_rng(0), sex="M", age_months=120.0, shape=(450, 350))


def mean_around(pixels, place, half=3):
    row, col = np.round(place).astype(int)
    return pixels[row - half : row + half, col - half : col + half].mean()


@pytest.mark.parametrize("finger", FINGERS)
def test_a_finger_is_gone_and_the_others_are_there(hand, finger):
    before = hand.scan.pixels.copy()
    scan, points = remove_finger(np.random.default_rng(1), hand.scan, hand.points, FINGERS[finger])
    base, *gone = FINGERS[finger]
    assert set(points.names) - {n for n, there in zip(points.names, points.present, strict=True) if there} == set(gone)
    assert np.array_equal(points.position(base), hand.points.position(base))
    air = np.median(before[5:15])
    for name in gone[:-1]:
        assert mean_around(scan.pixels, hand.points.position(name)) < 0.75 * mean_around(
            before, hand.points.position(name)
        ), name
    others = [n for other in FINGERS if other != finger for n in FINGERS[other]]
    for name in others:
        where = hand.points.position(name)
        assert mean_around(scan.pixels, where) == pytest.approx(mean_around(before, where), abs=25), name
    assert air < 60
    assert np.array_equal(hand.scan.pixels, before)


@pytest.mark.parametrize(("half", "there", "gone"), [
    ("left", "little_tip", "thumb_tip"),
    ("right", "thumb_tip", "little_tip"),
    ("upper", "middle_tip", "radius_styloid_tip"),
    ("lower", "radius_styloid_tip", "middle_tip"),
])  # fmt: skip
def test_half_a_hand_keeps_the_landmarks_in_it(hand, half, there, gone):
    scan, points = halve_hand(hand.scan, hand.points, half)
    assert np.isnan(points.position(gone)).all()
    assert mean_around(scan.pixels, points.position(there)) == pytest.approx(
        mean_around(hand.scan.pixels, hand.points.position(there)), abs=1
    )
    assert scan.original_shape == scan.pixels.shape


def test_a_picture_without_landmarks_is_halved_in_its_middle():
    scan, _ = halve_hand(Scan(np.eye(60)), Points((), np.empty((0, 2))), "upper")
    assert scan.pixels.shape == (30, 60)


def test_two_hands_lie_side_by_side_each_with_its_landmarks(hand):
    other = draw_phantom_hand(np.random.default_rng(2), sex="F", age_months=100.0, shape=(300, 200))
    scan, first, second = join_hands((hand.scan, hand.points), (other.scan, other.points))
    assert scan.pixels.shape == (450, 350 + 300)
    assert np.array_equal(first.positions, hand.points.positions)
    assert second.position("thumb_tip")[1] < second.position("little_tip")[1]
    bones = [mean_around(scan.pixels, second.position(name)) for name in ("middle_PIP", "index_PIP")]
    assert min(bones) > np.median(scan.pixels) + 20


@pytest.mark.parametrize("kind", ALTERED_HANDS)
def test_altered_hands_are_the_same_for_the_same_seed(kind):
    first, second, other = (ALTERED_HANDS[kind](np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.phantom
    assert np.array_equal(first.pixels, second.pixels)
    assert first.pixels.shape != other.pixels.shape or not np.array_equal(first.pixels, other.pixels)


def test_what_cannot_be_altered_is_told(hand):
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="two or more landmarks"):
        remove_finger(rng, hand.scan, hand.points, ["index_tip"])
    with pytest.raises(ValueError, match="half must be"):
        halve_hand(hand.scan, hand.points, "middle")
    copy = hand.scan.as_resized_copy_of((900, 700))
    with pytest.raises(ValueError, match="no resized copy"):
        halve_hand(copy, hand.points, "left")
    with pytest.raises(ValueError, match="no resized copy"):
        join_hands((hand.scan, hand.points), (copy, hand.points))
    with pytest.raises(ValueError, match="no resized copy"):
        remove_finger(rng, copy, hand.points, FINGERS["index"])
