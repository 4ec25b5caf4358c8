import math

import numpy as np
import pytest

from boneage.evaluation.metrics.segmentation import compare_labels, measure_dice, measure_presence

TRUE = np.zeros((10, 10), np.uint8)
TRUE[2:4, 2:6] = 1
TRUE[7:9, 7:9] = 2


def test_a_shifted_label_has_its_overlap_and_its_distance():
    first, second, third = compare_labels(np.roll(TRUE, 1, axis=1), TRUE, (1, 2, 3), (1.0, 0.5))
    assert (first.dice, second.dice) == (0.75, 0.5)
    assert first.distance == second.distance == 0.5
    assert not third.found
    assert not third.true
    assert math.isnan(third.dice)


def test_what_is_missed_or_made_up_has_no_distance():
    missed, made_up = compare_labels(np.where(TRUE == 2, 3, 0).astype(np.uint8), TRUE, (1, 3))
    assert missed.dice == made_up.dice == 0
    assert math.isnan(missed.distance)
    presence = measure_presence([missed, made_up])
    assert (presence.sensitivity, presence.specificity) == (0, 0)


def test_without_hands_there_is_no_rate():
    assert math.isnan(measure_presence([]).sensitivity)
    assert math.isnan(measure_dice(np.zeros(3, bool), np.zeros(3, bool)))


def test_maps_of_different_sizes_are_refused():
    with pytest.raises(ValueError, match="same shape"):
        compare_labels(TRUE, TRUE[1:], (1,))
