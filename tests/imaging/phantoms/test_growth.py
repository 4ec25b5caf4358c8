import pytest

from boneage.imaging.phantoms.anatomy import CARPALS, RADIUS, RAYS, ULNA
from boneage.imaging.phantoms.growth import OLDEST_MONTHS, Centre, length_factor, maturity_months, stage_at


def test_a_centre_appears_grows_and_fuses_in_this_order():
    centre = Centre(24, 120, 200)
    assert stage_at(centre, 24).size == 0
    sizes = [stage_at(centre, months).size for months in (30, 60, 90, 120, 160)]
    assert sizes == sorted(sizes)
    assert sizes[-1] == 1
    assert stage_at(centre, 150).fusion == 0
    assert 0 < stage_at(centre, 190).fusion < 1
    assert stage_at(centre, 200).fusion == 1


def test_girls_are_ahead_of_boys_and_end_smaller():
    assert maturity_months(100, "F") > maturity_months(100, "M")
    assert length_factor(OLDEST_MONTHS, "F") < length_factor(OLDEST_MONTHS, "M") == pytest.approx(1.0)


def test_hands_grow():
    lengths = [length_factor(months, "M") for months in (12, 60, 120, 216)]
    assert lengths == sorted(lengths)


def test_dates_follow_the_known_order():
    appears = {c.name: c.centre.appears for c in CARPALS}
    assert appears["capitate"] <= appears["hamate"] < appears["triquetrum"] < appears["lunate"]
    assert appears["pisiform"] == max(appears.values())
    assert RADIUS.centre.appears < ULNA.centre.appears
    bones = [bone for ray in RAYS for bone in ray.bones]
    assert max(bone.centre.fused for bone in bones) < ULNA.centre.fused < RADIUS.centre.fused
    assert all(c.appears < c.full < c.fused for c in (bone.centre for bone in [*bones, RADIUS, ULNA]))
