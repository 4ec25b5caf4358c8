import numpy as np
import pytest

from boneage.imaging.standardise.fingers import Fingers
from boneage.imaging.standardise.upright import judge_upright


@pytest.mark.parametrize(("angles", "side"), [((-0.6, -0.3, 0.0, 0.3, 0.9), "L"), ((-0.9, -0.3, 0.0, 0.3, 0.6), "R")])
def test_the_thumb_is_the_finger_with_the_widest_gap(angles, side):
    upright = judge_upright(Fingers(np.zeros(2), 0.4, np.array(angles)), 1.0, None)
    assert (upright.rotation_rad, upright.confidence) == (-0.4, 1.0)
    assert upright.laterality == side
    assert upright.laterality_confidence == pytest.approx(0.8)


def test_the_files_word_counts_more_and_hidden_fingers_tell_no_side():
    four = Fingers(np.zeros(2), 0.4, np.array([-0.3, 0.0, 0.3, 0.6]))
    assert judge_upright(four, 1.0, None).laterality is None
    assert judge_upright(four, 1.0, None).confidence == pytest.approx(0.8)
    assert judge_upright(four, 1.0, "R").laterality == "R"
    assert judge_upright(None, 0.0, None).confidence == 0.0
