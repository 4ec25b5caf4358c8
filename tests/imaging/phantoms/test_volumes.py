import numpy as np
import pytest

from boneage.imaging import read_scheme
from boneage.imaging.phantoms import COARSE_MM, VOLUME_LANDMARK_NAMES, draw_phantom_volume


def draw(seed=2, **fields):
    return draw_phantom_volume(
        np.random.default_rng(seed), **{"sex": "M", "age_months": 120.0, "spacing_mm": COARSE_MM, **fields}
    )


@pytest.fixture(scope="module")
def hand():
    """A boy's hand of 10 years, 29 x 284 x 160 voxels of 2.0 x 0.9 x 0.9 mm, all of it in the field of view."""
    return draw()


def profile(hand, start, end, steps=400):
    """Signal along a line between two landmarks, relative to the volume's bright tissue; nearest voxels."""
    a, b = hand.points.position(start), hand.points.position(end)
    line = np.round(a + (b - a) * np.linspace(0, 1, steps)[:, None]).astype(int)
    return hand.scan.pixels[tuple(line.T)] / np.percentile(hand.scan.pixels, 97)


def around(hand, place, half=1):
    k, i, j = np.round(place).astype(int)
    return hand.scan.pixels[k, i - half : i + half + 1, j - half : j + half + 1].mean()


def test_it_is_an_mr_volume_with_the_landmarks_of_the_scheme(hand):
    scan = hand.scan
    assert VOLUME_LANDMARK_NAMES == read_scheme("hand34").names == hand.points.names
    assert scan.pixels.shape == (29, 284, 160)
    assert scan.spacing == COARSE_MM
    assert (scan.modality, scan.spacing_unit, scan.laterality, scan.phantom) == ("mri", "mm", "L", True)
    assert hand.points.present.all()
    assert (scan.pixels == np.round(scan.pixels)).all()
    assert 0 <= scan.pixels.min() < 500 < scan.pixels.max() < 2**15


def test_it_is_a_left_hand_fingers_up_back_in_front(hand):
    at = hand.points.position
    assert at("middle_tip")[1] < at("middle_mc_physis")[1] < at("capitate")[1] < at("radius_physis")[1]
    assert at("radius_physis")[1] < at("radius_shaft")[1]
    assert at("thumb_tip")[2] > at("index_tip")[2] > at("little_tip")[2]
    assert at("thumb_tip")[0] > at("index_mc_base")[0]  # the thumb lies before the palm


def test_voxels_lead_to_the_patients_left_back_and_head(hand):
    origin, plane, row, column = hand.scan.to_patient.apply([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    assert np.allclose([column - origin, plane - origin, row - origin], np.diag([0.9, 2.0, -0.9])[[0, 1, 2]])


def test_marrow_is_brighter_than_cartilage_and_all_of_it_than_air(hand):
    at = hand.points.position
    marrow = around(hand, at("capitate"))
    plate = around(hand, at("radius_physis"), half=0)
    air = hand.scan.pixels[:, :8, -8:].mean()
    assert marrow > 1.5 * plate
    assert plate > 2 * air


def test_growth_plates_are_dark_in_children_and_close():
    def contrasts(age):
        """Marrow less plate, of the radius and of the middle finger's metacarpal; mean of three hands."""
        found = []
        for seed in range(1, 4):
            hand = draw(seed, age_months=age, spacing_mm=(1.5, 0.7, 0.7), shape=(38, 366, 206))
            lines = [
                profile(hand, "radius_shaft", "radius_physis"),
                profile(hand, "middle_mc_base", "middle_mc_physis"),
            ]
            found.append([np.median(along[240:340]) - along[-8:].mean() for along in lines])
        return np.mean(found, axis=0)

    child, youth, grown = contrasts(100.0), contrasts(170.0), contrasts(236.0)
    assert (child > 0.2).all()
    assert (child > grown + 0.1).all()
    assert (youth > grown).all()


def test_bones_lengthen():
    def length_mm(age):
        hand = draw(1, age_months=age)
        ends = [hand.points.position(name) * COARSE_MM for name in ("middle_mc_base", "middle_mc_physis")]
        return np.linalg.norm(ends[0] - ends[1])

    assert length_mm(96.0) < 0.95 * length_mm(140.0) < length_mm(216.0)


def test_what_is_outside_the_field_is_absent():
    hand = draw(shape=(29, 120, 160))
    assert 0 < hand.points.present.sum() < len(VOLUME_LANDMARK_NAMES)
    inside = hand.points.positions[hand.points.present]
    assert ((inside >= -0.5) & (inside <= np.array(hand.scan.pixels.shape) - 0.5)).all()
    assert set(hand.points.reasons) == {"", "outside the field of view"}


def test_some_hands_reach_out_of_the_field():
    lacking = [(~draw(seed, spacing_mm=(7.0, 6.0, 4.0)).points.present).any() for seed in range(30)]
    assert 1 <= sum(lacking) <= 10


def test_landmarks_do_not_depend_on_the_voxels():
    coarse, fine = draw(3), draw(3, spacing_mm=(1.0, 0.9, 0.9), shape=(58, 284, 160))
    gap = (coarse.points.positions + 0.5) * [2, 1, 1] - 0.5 - fine.points.positions
    assert np.abs(gap).max() < 1e-9


def test_the_same_seed_draws_the_same_hand_and_another_another(hand):
    assert np.array_equal(draw().scan.pixels, hand.scan.pixels)
    assert not np.array_equal(draw(1).scan.pixels, hand.scan.pixels)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"age_months": 80.0}, "age_months must be 96 to 240, got 80"),
        ({"age_months": 241.0}, "age_months"),
        ({"age_months": float("nan")}, "age_months"),
        ({"shape": (4, 40, 40)}, "shape must be at least 8 x 32 x 32"),
        ({"shape": (40, 40)}, "shape"),
        ({"spacing_mm": (1.0, 0.0, 1.0)}, "spacing_mm must be 3 positive numbers"),
        ({"spacing_mm": (1.0, 1.0)}, "spacing_mm"),
        ({"spacing_mm": (50.0, 1.0, 1.0)}, "shape"),
    ],
)
def test_what_cannot_be_drawn_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        draw(**fields)
