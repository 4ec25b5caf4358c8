import pytest

from boneage.imaging.phantom import LANDMARK_NAMES
from boneage.regression import HAND_SITES, sites_from_json, sites_to_json


def test_the_sites_are_the_ossification_sites_of_the_hand():
    names = [site.name for site in HAND_SITES]
    assert {"radius", "ulna", "carpus", "thumb_mcp", "thumb_ip"} <= set(names)
    for joint in ("mcp", "pip", "dip"):
        assert [name for name in names if name.startswith(joint)] == [f"{joint}_{n}" for n in (2, 3, 4, 5)]
    assert {name for site in HAND_SITES for name in site.landmark_names} <= set(LANDMARK_NAMES)


def test_json_and_back():
    assert sites_from_json(sites_to_json(HAND_SITES)) == HAND_SITES


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"size": 0}, "size"), ({"centre": []}, "centre"), ({"length": ["a"]}, "length 2"), ({"across": ["a"]}, "across")],
)
def test_malformed_sites_are_refused(change, reason):
    with pytest.raises(ValueError, match=reason):
        sites_from_json([{**sites_to_json(HAND_SITES)[0], **change}])


def test_two_sites_of_one_name_are_refused():
    with pytest.raises(ValueError, match="names of their own"):
        sites_from_json(sites_to_json(HAND_SITES[:1]) * 2)
