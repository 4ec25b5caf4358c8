import cv2
import numpy as np
import pytest
from PIL import Image

from boneage.imaging import InvalidTable, read_landmarks, read_names, rename_landmarks
from boneage.imaging.formats.hand_joints import FINGER_JOINTS, JOINTS
from boneage.imaging.formats.masks import find_regions
from tests.imaging.formats.mask_hands import PLACES, draw_mask


def test_the_centroids_of_drawn_regions_are_the_landmarks(tmp_path):
    Image.fromarray(draw_mask()).convert("1").save(tmp_path / "1.png")
    cv2.imwrite(str(tmp_path / "2.png"), draw_mask()[:, ::-1])
    table = read_landmarks(tmp_path)
    assert table.names == JOINTS
    assert table.original_shapes == {"1": (480, 440), "2": (480, 440)}
    assert table.laterality == {"1": "L", "2": "R"}
    assert table.remarks == ()
    expected = 4 * np.array([PLACES[name] for name in JOINTS])
    assert np.allclose(table.points["1"].positions, expected, atol=0.01)
    assert np.allclose(table.points["2"].positions, [0, 439] + expected * [1, -1], atol=0.01)


def test_a_region_over_two_joints_leaves_both_fingers_absent(tmp_path):
    mask = draw_mask()
    ends = [(round(4 * PLACES[name][1]), round(4 * PLACES[name][0])) for name in ("DIP_1", "DIP_2")]
    cv2.line(mask, *ends, 255, 8)
    cv2.imwrite(str(tmp_path / "1.png"), mask)
    points = read_landmarks(tmp_path).points["1"]
    absent = {name for name, there in zip(points.names, points.present, strict=True) if not there}
    assert absent == {*FINGER_JOINTS[1], *FINGER_JOINTS[2]}


def test_masks_that_cannot_be_named_are_left_out_with_a_reason(tmp_path):
    cv2.imwrite(str(tmp_path / "1.png"), draw_mask())
    cv2.imwrite(str(tmp_path / "2.png"), draw_mask({"Wrist": PLACES["Wrist"]}))
    cv2.imwrite(str(tmp_path / "3.png"), np.zeros((50, 50), np.uint8))
    table = read_landmarks(tmp_path)
    assert set(table.points) == {"1"}
    assert "id 2 is left out: it has fewer than two regions" in table.remarks
    assert any("3.png" in remark for remark in table.remarks)


def test_a_picture_is_not_a_mask(tmp_path):
    cv2.imwrite(str(tmp_path / "1.png"), np.arange(10_000, dtype=np.uint8).reshape(100, 100))
    with pytest.raises(InvalidTable, match=r"1\.png: is not a mask"):
        read_landmarks(tmp_path)


def test_pixels_that_touch_at_a_corner_are_one_region():
    regions = find_regions(np.eye(3, dtype=bool))
    assert regions.areas.tolist() == [3]
    assert regions.centres.tolist() == [[1, 1]]


@pytest.mark.real_data
@pytest.mark.slow
def test_real_masks_are_named_as_the_keypoints_of_the_same_hands(real_data):
    table = read_landmarks(real_data / "rsna_masks" / "joints")
    keypoints = read_landmarks(real_data / "rsna100" / "keypoints21.csv")
    assert len(table.points) >= 900
    joints = rename_landmarks(table, read_names("hand18_to_hand21"))
    shared = sorted(set(joints.points) & set(keypoints.points))
    assert len(shared) > 250
    for id_ in shared:
        others = keypoints.points[id_].select(joints.names).positions
        apart = np.linalg.norm(joints.points[id_].positions[:, None] - others, axis=2)
        there = ~np.isnan(apart).all(axis=1)
        assert (np.nanargmin(apart[there], axis=1) == np.flatnonzero(there)).all()
        assert keypoints.laterality[id_] == table.laterality[id_]
