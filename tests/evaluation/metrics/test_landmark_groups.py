from boneage.evaluation.metrics import group_by_hand, group_by_landmark
from tests.evaluation.makers import errors_of

ERRORS = errors_of([[1, 2, 3], [4, 5, 6]], ("radius", "ulna", "thing"), ids=("h 1", "h/2"))


def test_landmarks_by_bone_with_those_of_no_bone_last():
    groups = group_by_landmark(ERRORS, {"forearm": ("ulna", "radius", "absent"), "empty": ("absent",)})
    assert list(groups) == ["forearm", "other"]
    assert groups["forearm"].distances.tolist() == [[2, 1], [5, 4]]
    assert groups["other"].names == ("thing",)
    assert list(group_by_landmark(ERRORS, {"all": ERRORS.names})) == ["all"]


def test_hands_by_label_in_the_order_asked_for():
    groups = group_by_hand(ERRORS, {"h/2": "boys"}, ["girls", "boys"])
    assert list(groups) == ["boys", "not known"]
    assert groups["boys"].ids == ("h/2",)
    assert groups["not known"].distances.tolist() == [[1, 2, 3]]
