import dataclasses

import numpy as np
import pytest

from boneage.imaging import FORMATS, InvalidTable, LandmarkTable, Points, read_landmarks, render_landmarks
from boneage.imaging.plausibility import check_axes, check_positions, find_odd_scales
from tests.imaging.formats.tables import NO_DETAILS

NAMES = ("wrist", "tip", "thumb", "side")
SHAPE = (400, 300)
HAND = np.array([[300.0, 150.0], [60.0, 150.0], [200.0, 60.0], [150.0, 220.0]])  # rows, columns; upright, central


def table_of(*positions):
    points = {str(k): Points(NAMES[: len(each)], np.asarray(each, float)) for k, each in enumerate(positions, start=1)}
    return LandmarkTable("table", next(iter(points.values())).names, points, dict.fromkeys(points, SHAPE), {})


@pytest.mark.parametrize("value", [0, -1])
@pytest.mark.parametrize("n_bad", [1, 2, 3])
@pytest.mark.parametrize("apart", [True, False])
def test_several_points_in_a_corner_are_placeholders(value, n_bad, apart):
    hands = [HAND.copy() for _ in range(4)]
    for k in range(n_bad):
        hands[k if apart else 1][k] = value
    if n_bad == 1:
        check_positions(table_of(*hands))
        return
    with pytest.raises(InvalidTable, match=rf"{n_bad} landmarks lie at \({value}, {value}\), first of the id"):
        check_positions(table_of(*hands))


@pytest.mark.parametrize("name", [name for name in FORMATS if FORMATS[name].render and name not in ("slicer", "voc")])
def test_placeholders_are_refused_in_every_format(tmp_path, name):
    hands = [HAND.copy() for _ in range(3)]
    hands[0][:2] = 0.0
    (text,) = render_landmarks(table_of(*hands), name, NO_DETAILS).values()
    (tmp_path / "file").write_text(text)
    with pytest.raises(InvalidTable, match=r"2 landmarks lie at \(0, 0\), first of the id 1"):
        read_landmarks(tmp_path / "file")


def test_fractions_of_the_size_are_refused_and_whole_pixels_are_not():
    with pytest.raises(InvalidTable, match=r"id 2: all of its landmarks lie within 0..1"):
        check_positions(table_of(HAND, HAND / SHAPE))
    check_positions(table_of([[1, 0], [0, 1]]))
    check_positions(table_of([[0.5, 0.5]]))
    check_positions(dataclasses.replace(table_of(HAND / SHAPE), in_mm=True))


@pytest.mark.parametrize("scale", [0.25, 1 / 3, 0.5, 2.0, 3.0])
@pytest.mark.parametrize("seed", range(4))
def test_a_hand_annotated_on_another_scale_is_found(scale, seed):
    rng = np.random.default_rng(seed)
    table = table_of(*[HAND * rng.uniform(0.85, 1.1) + rng.normal(0, 4, (4, 2)) for _ in range(8)])
    shapes = table.original_shapes
    assert find_odd_scales(table.points, shapes) == {}
    other = dataclasses.replace(table.points["3"], positions=table.points["3"].positions * scale)
    odd = find_odd_scales({**table.points, "3": other}, shapes)
    assert list(odd) == ["3"]
    assert odd["3"] == pytest.approx(1 / scale, rel=0.2)


def test_a_hand_that_is_small_in_its_picture_is_not_odd():
    table = table_of(*[HAND + k for k in range(6)])
    small = HAND.mean(axis=0) + (HAND - HAND.mean(axis=0)) / 3
    wide = {**table.original_shapes, "2": (400, 900)}
    assert find_odd_scales({**table.points, "1": Points(NAMES, small)}, table.original_shapes) == {}
    assert find_odd_scales({**table.points, "2": Points(NAMES, HAND + np.array([0, 300]))}, wide) == {}


def test_few_hands_or_landmarks_in_one_place_are_not_judged():
    table = table_of(*[HAND] * 4)
    assert find_odd_scales({**table.points, "1": Points(NAMES, HAND / 2)}, table.original_shapes) == {}
    one_place = table_of(*[np.ones((4, 2))] * 6)
    assert find_odd_scales(one_place.points, one_place.original_shapes) == {}


TURN = np.array([[0.0, -1.0], [1.0, 0.0]])
KINDS = {
    "upright": HAND,
    "mirrored": HAND * [1, -1] + [0, 300],
    "on its side": HAND @ TURN + [0, 400],
    "upside down": 300 - HAND,
    "aslant": HAND @ np.array([[0.8, 0.6], [-0.6, 0.8]]) + 200,
    "swapped": HAND[:, ::-1],
}


@pytest.mark.parametrize("kind", KINDS)
def test_swapped_axes_are_told_from_hands_that_are_turned_or_mirrored(kind):
    rng = np.random.default_rng(3)
    table = table_of(*(KINDS[kind] + rng.normal(0, 3, HAND.shape) for _ in range(6)))
    if kind == "swapped":
        with pytest.raises(InvalidTable, match=r"in 6 of 6 images .* first of the id 1: are x and y swapped\?"):
            check_axes(table, Points(NAMES, 0.1 * HAND))
    else:
        check_axes(table, Points(NAMES, 0.1 * HAND))


def test_swapped_axes_are_a_fault_of_the_table_only_if_most_of_it_has_them():
    swapped, absent = HAND[:, ::-1], np.full_like(HAND, np.nan)
    reference = Points((*NAMES, "elsewhere"), np.vstack([HAND, [[0.0, 0.0]]]))
    check_axes(table_of(*[swapped] * 3, *[HAND] * 3, absent), reference)
    check_axes(table_of(*[swapped] * 4), reference)
    with pytest.raises(InvalidTable, match="in 4 of 6 images"):
        check_axes(table_of(*[swapped] * 4, *[HAND] * 2, absent), reference)
