import numpy as np

from boneage.imaging import Points
from boneage.regression.segmentation.anatomy import list_centres
from boneage.regression.segmentation.naming import measure_centroids, name_parts
from tests.regression.segmentation.hands import LENGTH, draw_discs, make_points

BONES = list_centres("bones")
POINTS = make_points()


def name(mask, points=POINTS):
    return name_parts(mask, BONES, points, LENGTH)


def test_discs_at_their_places_get_their_names():
    there = dict.fromkeys(("radius", "capitate", "metacarpal_2", "distal_phalanx_5"), 4)
    outlines = name(draw_discs(POINTS, there))
    assert set(outlines.names) == set(there)
    assert outlines.n_unnamed == 0
    for one in there:
        _, centroids = measure_centroids(outlines.mask(one).astype(np.int32))
        assert np.linalg.norm(centroids[0] - BONES[one].locate(POINTS)) < 1
    assert not outlines.mask("hamate").any()


def test_what_lies_nowhere_is_counted_and_specks_are_left_out():
    mask = draw_discs(POINTS, {"capitate": 8})
    mask[5:12, 5:12] = 1
    mask[300, 300] = 1
    outlines = name(mask)
    assert sorted(outlines.names) == ["", "capitate"]
    assert outlines.n_unnamed == 1


def test_a_centre_that_is_nowhere_as_sure_as_it_must_be_is_left_out_and_what_has_no_name_stays():
    faint = 0.8 * draw_discs(POINTS, {"capitate": 6, "proximal_phalanx_3": 9})
    faint[5:12, 5:12] = 0.8
    mask = np.maximum(faint, draw_discs(POINTS, {"radius": 6, "metacarpal_3": 9}))
    least = {"capitate": 0.85, "proximal_phalanx_3": 0.75, "metacarpal_3": 0.9}
    outlines = name_parts(mask, BONES, POINTS, LENGTH, least_probabilities=least)
    assert sorted(outlines.names) == ["", "metacarpal_3", "proximal_phalanx_3", "radius"]
    assert not outlines.labels[draw_discs(POINTS, {"capitate": 6}) > 0].any()
    assert set(np.unique(outlines.labels)) == {0, 1, 2, 3, 4}


def test_touching_bones_are_parted_at_their_least_likely_pixels():
    mask = draw_discs(POINTS, {"metacarpal_3": 9, "proximal_phalanx_3": 9})
    first, second = (BONES[one].locate(POINTS) for one in ("metacarpal_3", "proximal_phalanx_3"))
    outlines = name(mask)
    assert set(outlines.names) == {"metacarpal_3", "proximal_phalanx_3"}
    assert (outlines.labels > 0).sum() == mask.sum()
    border = (first[0] + second[0]) / 2
    rows = np.argwhere(outlines.mask("proximal_phalanx_3"))[:, 0]
    assert abs(rows.max() - border) < 5


def test_a_sliver_beside_a_larger_bone_keeps_the_pixels_near_its_place():
    places = {name: BONES[name].locate(POINTS) for name in ("radius", "scaphoid")}
    mask = draw_discs(POINTS, {"scaphoid": 14})
    row, column = places["radius"].round().astype(int)
    mask[row : row + 3, column - 16 : column + 16] = 1
    mask[: row + 1, column] = np.where(np.arange(row + 1) > places["scaphoid"][0], 1, mask[: row + 1, column])
    outlines = name(mask)
    assert set(outlines.names) == {"radius", "scaphoid"}
    rows = np.argwhere(outlines.mask("radius"))[:, 0]
    assert np.median(rows) >= row - 1
    assert outlines.mask("radius").sum() >= 60


def test_a_sliver_whose_place_lies_in_the_gap_to_a_larger_bone_keeps_its_name():
    row, column = BONES["radius"].locate(POINTS).round().astype(int)
    top = int(BONES["scaphoid"].locate(POINTS)[0]) - 4
    mask = np.zeros((320, 320), np.float32)
    mask[top:row, column - 3 : column + 26] = 1
    mask[row + 2 : row + 5, column - 20 : column + 32] = 1  # the sliver; they touch at the side
    mask[row - 6 : row + 5, column + 28 : column + 32] = 1
    mask[row - 6 : row - 3, column + 20 : column + 32] = 1
    assert name(mask).mask("radius")[row + 2 : row + 5, column - 20 : column + 20].all()


def test_a_centre_whose_landmark_is_absent_is_not_named():
    positions = POINTS.positions.copy()
    positions[POINTS.names.index("middle_tip")] = np.nan
    outlines = name(draw_discs(POINTS, {"distal_phalanx_3": 4}), Points(POINTS.names, positions))
    assert outlines.names == ("",)


def test_an_empty_picture_has_no_parts():
    outlines = name(np.zeros((320, 320), np.float32))
    assert outlines.names == ()
    assert not outlines.labels.any()


def test_it_moves_with_the_hand_and_leaves_its_arguments():
    mask = draw_discs(POINTS, {"capitate": 8, "hamate": 7})
    before = mask.copy()
    moved = name(np.roll(mask, 6, axis=1), Points(POINTS.names, POINTS.positions + np.array([0, 6])))
    assert np.array_equal(np.roll(name(mask).labels, 6, axis=1), moved.labels)
    assert np.array_equal(mask, before)
