import cv2
import numpy as np
import pytest

from boneage.imaging.standardise import FingerSettings
from boneage.imaging.standardise.fingers import find_fingers


def draw_hand(angles, turn=0.0):
    """A palm of 18 pixels' radius with a finger at each angle and a forearm opposite to 0, turned clockwise."""
    picture = np.zeros((128, 128), np.uint8)
    cv2.circle(picture, (64, 64), 18, 1, -1)

    def ray(angle, length, width):
        tip = (round(64 + length * np.sin(angle + turn)), round(64 - length * np.cos(angle + turn)))
        cv2.line(picture, (64, 64), tip, 1, width)

    for angle in angles:
        ray(angle, 50, 5)
    ray(np.pi, 90, 27)
    return picture.astype(bool)


@pytest.mark.parametrize("turn", [0.0, 1.0, -2.0, 3.0])
def test_fingers_are_counted_and_the_direction_follows_the_hand(turn):
    angles = [-1.2, -0.6, 0.0, 0.6, 1.2]
    fingers = find_fingers(draw_hand(angles, turn), FingerSettings())
    assert len(fingers) == 5
    assert np.linalg.norm(fingers.palm - 64) < 5
    assert abs((fingers.direction_rad - turn + np.pi) % (2 * np.pi) - np.pi) < 0.12
    np.testing.assert_allclose(fingers.angles_rad, angles, atol=0.15)


def test_a_fist_and_a_dot_have_none():
    assert len(find_fingers(draw_hand([]), FingerSettings())) == 0
    assert len(find_fingers(np.ones((1, 1), dtype=bool), FingerSettings())) == 0
    assert len(find_fingers(np.ones((40, 30), dtype=bool), FingerSettings())) == 0
