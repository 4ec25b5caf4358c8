import pytest

from boneage.imaging import read_scheme
from boneage.imaging.phantoms import LANDMARK_NAMES
from boneage.regression import HAND_SITES, VOLUME_SITES, sites_from_json, sites_to_json


def test_the_sites_are_the_ossification_sites_of_the_hand():
    names = [site.name for site in HAND_SITES]
    assert {"radius", "ulna", "carpus", "thumb_mcp", "thumb_ip"} <= set(names)
    for joint in ("mcp", "pip", "dip"):
        assert [name for name in names if name.startswith(joint)] == [f"{joint}_{n}" for n in (2, 3, 4, 5)]
    assert {name for site in HAND_SITES for name in site.landmark_names} <= set(LANDMARK_NAMES)


def test_the_sites_of_volumes_are_the_bones_of_the_rus_score():
    rays = [f"{bone}_{ray}" for ray in (1, 3, 5) for bone in ("mc", "pp", "mp", "dp") if (bone, ray) != ("mp", 1)]
    assert [site.name for site in VOLUME_SITES] == ["radius", "ulna", *rays]
    assert {name for site in VOLUME_SITES for name in site.landmark_names} <= set(read_scheme("hand34").names)
    assert all(site.centre[0].endswith("_physis") for site in VOLUME_SITES)
    assert {site.ndim for site in VOLUME_SITES} == {3}


@pytest.mark.parametrize("sites", [HAND_SITES, VOLUME_SITES])
def test_json_and_back(sites):
    assert sites_from_json(sites_to_json(sites)) == sites


def test_sites_from_before_there_were_volumes_are_of_radiographs():
    before = [{key: value for key, value in site.items() if key != "lateral"} for site in sites_to_json(HAND_SITES)]
    assert sites_from_json(before) == HAND_SITES
    assert {site.ndim for site in HAND_SITES} == {2}


def test_sites_of_radiographs_and_volumes_are_not_mixed():
    with pytest.raises(ValueError, match="either all sites have two landmarks to the side"):
        sites_from_json([sites_to_json(HAND_SITES)[0], sites_to_json(VOLUME_SITES)[1]])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"size": 0}, "size"),
        ({"centre": []}, "centre"),
        ({"length": ["a"]}, "length 2"),
        ({"across": ["a"]}, "across"),
        ({"lateral": ["a"]}, "lateral must be 0 or 2"),
    ],
)
def test_malformed_sites_are_refused(change, reason):
    with pytest.raises(ValueError, match=reason):
        sites_from_json([{**sites_to_json(HAND_SITES)[0], **change}])


def test_two_sites_of_one_name_are_refused():
    with pytest.raises(ValueError, match="different names"):
        sites_from_json(sites_to_json(HAND_SITES[:1]) * 2)
