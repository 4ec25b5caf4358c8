import pytest

from boneage.imaging.phantoms.anatomy import CARPALS, RADIUS, RAYS, ULNA

BONES = [*(bone for ray in RAYS for bone in ray.bones), RADIUS, ULNA]


def test_a_hand_has_nineteen_tubular_and_eight_carpal_bones_with_names_of_their_own():
    assert [len(ray.bones) for ray in RAYS] == [3, 4, 4, 4, 4]
    assert len(CARPALS) == 8
    names = [bone.name for bone in BONES] + [carpal.name for carpal in CARPALS]
    assert len(set(names)) == len(names) == 19 + 2 + 8


@pytest.mark.parametrize("bone", BONES, ids=lambda bone: bone.name)
def test_growth_plates_are_distal_in_the_forearm_and_four_metacarpals_else_proximal(bone):
    distal = bone.name in ("radius", "ulna", "mc2", "mc3", "mc4", "mc5")
    assert bone.plate == ("distal" if distal else "proximal")
    assert bone.waist < min(bone.base, bone.head) or bone.name in ("radius", "ulna")


def test_rays_are_ordered_from_the_thumb_and_metacarpals_shorten_towards_the_little_finger():
    assert [ray.number for ray in RAYS] == [1, 2, 3, 4, 5]
    assert sorted((ray.x for ray in RAYS), reverse=True) == [ray.x for ray in RAYS]
    lengths = [ray.bones[0].length for ray in RAYS[1:]]
    assert lengths == sorted(lengths, reverse=True)
