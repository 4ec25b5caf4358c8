import math

import pytest

from boneage.evaluation.metrics import Reference, read_reference
from boneage.imaging import Points


def test_a_reference_sets_the_unit_hand_by_hand():
    reference = read_reference("a:b=50mm")
    assert reference == Reference("a", "b", 50.0, "mm")
    assert reference.pixels_per_unit(Points(("a", "b"), [[0, 0], [60, 80]])) == pytest.approx(2.0)
    assert math.isnan(reference.pixels_per_unit(Points(("a", "b"), [[0, 0], [math.nan, math.nan]])))


@pytest.mark.parametrize("text", ["", "a:b", "a:b=50", "a:b=50km", "a:b=0mm", "a:b=..mm", "a:a=5mm", "a=5mm"])
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="a reference is"):
        read_reference(text)


def test_unknown_landmarks_are_named():
    with pytest.raises(ValueError, match="'c' is not in the truth"):
        read_reference("a:c=50mm").pixels_per_unit(Points(("a", "b"), [[0, 0], [6, 8]]))
