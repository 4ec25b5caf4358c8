import numpy as np
import pytest

from boneage.imaging import Points
from boneage.imaging.phantom import draw_phantom_hand
from boneage.regression import CUT_KINDS, HAND_SITES, Cutting

SITES = tuple(site.name for site in HAND_SITES)


@pytest.fixture(scope="module")
def hand():
    return draw_phantom_hand(np.random.default_rng(2), sex="F", age_months=120.0, shape=(450, 350))


@pytest.mark.parametrize("kind", CUT_KINDS)
def test_every_way_of_cutting_gives_the_regions_it_names(hand, kind):
    cutting = Cutting(kind, 32)
    stack = cutting.cut(hand.scan, hand.points, hand.points)
    assert stack.names == cutting.region_names
    assert stack.pixels.shape == (len(stack.names), 32, 32)
    assert stack.present.all()


def test_the_names_and_sides_of_each():
    assert Cutting().region_names == SITES
    assert Cutting("hand").region_names == ("hand",)
    assert Cutting("hand+regions").region_names == ("hand", *SITES)
    assert Cutting("whole").region_names == ("whole",)
    assert [Cutting(kind).side for kind in CUT_KINDS] == [64, 96, 64, 100]
    assert Cutting("whole").sites == ()


def test_only_the_whole_image_needs_no_landmarks(hand):
    assert [kind for kind in CUT_KINDS if not Cutting(kind).needs_landmarks] == ["whole"]
    assert Cutting("whole").cut(hand.scan).present.all()
    for kind in ("regions", "hand"):
        with pytest.raises(ValueError, match=f"cutting {kind} needs the landmarks"):
            Cutting(kind).cut(hand.scan)
    with pytest.raises(ValueError, match="a shape to lay it upon"):
        Cutting("hand").cut(hand.scan, hand.points)


def test_landmarks_that_are_not_enough_are_named_with_their_sites(hand):
    half = hand.points.names[:18]
    with pytest.raises(ValueError, match=r"of 17 regions \(.*mcp_2.*\) are cut around .* landmarks .*: "):
        Cutting().check_landmarks(half)
    Cutting("hand").check_landmarks(half)


@pytest.mark.parametrize(
    ("values", "reason"),
    [({"kind": "half"}, "one of regions, hand"), ({"side": 3}, "at least 8"), ({"sites": ()}, "at least one site")],
)
def test_impossible_ways_are_refused(values, reason):
    with pytest.raises(ValueError, match=reason):
        Cutting(**values)


def test_a_hand_that_lacks_a_landmark_of_the_reference_is_refused(hand):
    with pytest.raises(ValueError, match="laid upon the landmark"):
        Cutting("hand").cut(hand.scan, Points(("a",), [[1.0, 2.0]]), hand.points)
