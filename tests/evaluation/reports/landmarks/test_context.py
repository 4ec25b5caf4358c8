import numpy as np
import pytest

from boneage.evaluation.metrics import LandmarkErrors
from boneage.evaluation.reports.landmarks.context import LandmarkContext, learn_context
from boneage.imaging import AgeRecord, InvalidTable, Points

NAMES = ("a", "b", "c", "d")
SHAPE = Points(NAMES, [[0.0, 0.0], [10.0, 1.0], [4.0, 8.0], [3.0, -2.0]])


def test_a_scheme_is_found_by_the_landmarks_or_named(tmp_path):
    names = ("radius_styloid_tip", "ulna_styloid_tip")
    assert learn_context([Points(names, [[0, 0], [1, 1]])]).scheme.name == "hand37"
    assert learn_context([SHAPE]).scheme is None
    (tmp_path / "s.json").write_text('{"name": "mine", "groups": {"upper": ["a", "b"]}}')
    assert learn_context([SHAPE], str(tmp_path / "s.json")).scheme.name == "mine"
    with pytest.raises(InvalidTable, match="neither a file nor a shipped scheme"):
        learn_context([SHAPE], "skull19")


def test_errors_are_grouped_by_all_that_is_known():
    errors = LandmarkErrors(("h1", "h2"), ("a", "b"), np.array([[1.0, 2], [3, 4]]), "mm", np.full((2, 2), np.nan))
    assert LandmarkContext().group(errors) == {}
    assert LandmarkContext().summarise(errors) == {"hands_with_outliers": [], "groups": {}}
    ages = {"h1": AgeRecord(30.0, None), "h2": AgeRecord(130.0, "M"), "other": AgeRecord(1, "F")}
    context = LandmarkContext(ages=ages)
    assert {kind: list(parts) for kind, parts in context.group(errors).items()} == {
        "sex": ["boys", "not known"],
        "bone age": ["under 5 years", "10 to 14 years"],
    }
    assert context.summarise(errors)["groups"]["sex"]["boys"]["mean"] == 3.5
