import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boneage.imaging import Frame, InvalidTable
from boneage.imaging.formats.disambiguation import number_repeated_labels, rank_fan

FAN = [(20.0, 90.0), (5.0, 70.0), (0.0, 50.0), (8.0, 30.0), (25.0, 12.0)]  # row, column: the first's side first
ENDS = [("Radius", (100.0, 58.0)), ("Ulna", (104.0, 42.0)), ("Wrist", (90.0, 50.0))]


def hand(n=5, label="MCP", shuffle=(3, 0, 4, 2, 1)):
    return ENDS + [(label, FAN[k]) for k in shuffle if k < n]


def test_a_repeated_label_is_numbered_from_the_first_ones_side():
    names, positions, remarks = number_repeated_labels("file", {"1": hand()})
    assert names == ("Radius", "Ulna", "Wrist", "MCP_1", "MCP_2", "MCP_3", "MCP_4", "MCP_5")
    assert [positions["1"][f"MCP_{k}"] for k in range(1, 6)] == FAN
    assert remarks == []


@given(st.floats(-np.pi, np.pi), st.booleans(), st.permutations(range(5)))
def test_the_numbers_are_the_same_however_the_hand_is_turned_or_mirrored(angle, mirrored, shuffle):
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, -s], [s, c]]) @ np.diag([1, -1 if mirrored else 1])
    move = Frame.from_linear(turn, np.array([13.0, -7.0]))
    first, second = move.apply([position for _, position in ENDS[:2]])
    fan = move.apply(FAN)[list(shuffle)]
    assert [shuffle[k] for k in rank_fan(fan, first, second)] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("fan", "first", "second"),
    [
        ([(0, 0), (0, 0.4), (0, 40)], (100, 30), (100, 10)),  # two in nearly one direction
        ([(0, 0), (0, 20), (0, 40)], (100, 20), (80, 20)),  # the fan opens along the line
        ([(0, 0), (0, 20), (0, 40)], (100, 20), (100, 20)),  # there is no line
        ([(0, 20), (200, 19), (200, 21)], (100, 30), (100, 10)),  # all around
    ],
)
def test_an_order_that_is_not_clear_is_none(fan, first, second):
    assert rank_fan(np.array(fan, float), np.array(first, float), np.array(second, float)) is None


def test_an_image_that_lacks_one_is_not_numbered_whatever_the_others_have():
    # Alone, too: by the scheme of these labels there are five.
    for images in ({"1": hand(4)}, {"1": hand(4), "2": hand()}):
        names, positions, remarks = number_repeated_labels("file", images)
        assert [name for name in names if "MCP" in name] == [f"MCP_{k}" for k in range(1, 6)]
        assert set(positions["1"]) == {"Radius", "Ulna", "Wrist"}
        assert remarks == ["id 1: not numbered, and taken as absent: MCP (4 instead of 5)"]


def test_without_both_ends_no_label_is_numbered():
    _, positions, remarks = number_repeated_labels("file", {"1": hand()[1:], "2": hand()})
    assert set(positions["1"]) == {"Ulna", "Wrist"}
    assert "MCP (no two labels to order it by)" in remarks[0]


def test_a_label_that_should_be_single_and_is_not_is_absent():
    images = {
        "1": [("a", (1.0, 2.0))],
        "2": [("a", (1.0, 2.0)), ("a", (3.0, 4.0))],
        "3": [("a", None)],
        "4": [("a", (0, 0))],
    }
    names, positions, remarks = number_repeated_labels("file", images)
    assert names == ("a",)
    assert positions == {"1": {"a": (1.0, 2.0)}, "2": {}, "3": {}, "4": {"a": (0, 0)}}
    assert remarks == ["id 2: not numbered, and taken as absent: a (2 instead of 1)"]


def test_other_labels_are_numbered_by_the_order_that_is_given():
    images = {"1": [("left", (100.0, 58.0)), ("right", (100.0, 42.0)), *[("tooth", position) for position in FAN[:3]]]}
    with pytest.raises(InvalidTable, match="'tooth' occurs 3 times"):
        number_repeated_labels("file", images)
    with pytest.raises(InvalidTable, match="'tooth' by 'wrong'"):
        number_repeated_labels("file", images, ("left", "wrong"))
    assert number_repeated_labels("file", images, ("left", "right"))[1]["1"]["tooth_3"] == FAN[2]
    assert number_repeated_labels("file", images, ("right", "left"))[1]["1"]["tooth_1"] == FAN[2]


def test_a_number_that_is_already_a_label_is_refused():
    images = {"1": [*hand(), ("MCP_1", (1.0, 1.0))]}
    with pytest.raises(InvalidTable, match="'MCP_1' twice"):
        number_repeated_labels("file", images, ("Radius", "Ulna"))
