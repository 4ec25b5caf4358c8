import json

import pytest

from boneage.imaging import InvalidTable, LandmarkScheme, find_scheme, read_scheme
from boneage.imaging.phantoms import LANDMARK_NAMES

PLATE = {"name": "plate", "groups": {"edge": ["a", "b"], "hole": ["c"]}, "pairs": [["a", "b"]]}


def scheme_file(tmp_path, data):
    path = tmp_path / "plate.json"
    path.write_text(json.dumps(data))
    return path


def test_a_scheme_that_a_user_wrote_is_read(tmp_path):
    scheme = read_scheme(scheme_file(tmp_path, PLATE))
    assert scheme == LandmarkScheme("plate", {"edge": ("a", "b"), "hole": ("c",)}, (("a", "b"),))
    assert scheme.names == ("a", "b", "c")


@pytest.mark.parametrize("count", [40, 37, 34, 21, 18, 17])
def test_the_shipped_schemes_know_every_landmark_of_a_hand(count):
    name = f"hand{count}"
    scheme = read_scheme(name)
    assert scheme.name == name
    assert len(scheme.names) == count
    assert {name for pair in scheme.pairs for name in pair} == set(scheme.names)


def test_the_phantoms_have_the_landmarks_of_hand37():
    assert read_scheme("hand37").names == tuple(LANDMARK_NAMES)


def test_a_scheme_is_found_by_all_or_some_of_its_names_and_by_no_others():
    assert find_scheme(read_scheme("hand21").names).name == "hand21"
    assert find_scheme(["index_tip", "thumb_IP"]).name == "hand37"
    assert find_scheme(["index_tip", "wrist"]) is None
    assert find_scheme([]) is None


def test_boxes_are_ordered_from_the_radius_to_the_ulna():
    assert find_scheme(["MCP_1", "Wrist"]).order == ("Radius", "Ulna")
    assert read_scheme("hand37").order == ()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": ""}, "needs a name"),
        ({"name": 3}, "with a name"),
        ({"groups": {}}, "groups with landmarks"),
        ({"groups": {"edge": []}}, "groups with landmarks"),
        ({"groups": {"edge": ["a", "b"], "hole": []}}, "at least one landmark"),
        ({"groups": {"edge": ["a", "b"], "hole": ["a"]}}, "'a' occurs twice"),
        ({"groups": ["a"]}, "object of lists"),
        ({"groups": {"edge": "ab"}}, "object of lists"),
        ({"pairs": [["a", "x"]]}, "got a and x"),
        ({"pairs": [["a", "a"]]}, "two different"),
        ({"pairs": [["a"]]}, "list of pairs"),
        ({"order": ["a"]}, "order must name two"),
        ({"order": ["a", "x"]}, "order must name two"),
        ({"order": "ab"}, "order must be a list"),
        ({"skeleton": []}, "'skeleton'"),
    ],
)
def test_a_malformed_scheme_is_refused_by_its_name_and_the_reason(tmp_path, change, reason):
    with pytest.raises(InvalidTable, match=rf"plate.json: .*{reason}"):
        read_scheme(scheme_file(tmp_path, PLATE | change))


def test_an_unknown_name_is_refused_with_those_there_are():
    with pytest.raises(InvalidTable, match="hand17, hand18, hand21, hand34, hand37, hand40"):
        read_scheme("skull19")
