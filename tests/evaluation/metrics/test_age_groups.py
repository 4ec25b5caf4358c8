import pytest

from boneage.evaluation.metrics import AgeErrors, group_ages, list_strata

AGES = AgeErrors(("5", "2100", "9000", "hand"), [1, 2, 3, 4], [30, 70, 130, 190], ("M", "F", None, "F"))


def test_hands_are_grouped_by_sex_and_true_age():
    groups = group_ages(AGES)
    assert {kind: list(parts) for kind, parts in groups.items()} == {
        "sex": ["girls", "boys", "sex not known"],
        "bone age": ["under 5 years", "5 to 9 years", "10 to 14 years", "15 years and over"],
    }
    assert groups["sex"]["girls"].ids == ("2100", "hand")
    assert groups["bone age"]["10 to 14 years"].predicted_months.tolist() == [3]


def test_hands_are_grouped_by_where_their_ids_lie():
    strata = group_ages(AGES, (2100, 4400))["stratum"]
    assert {name: part.ids for name, part in strata.items()} == {
        "ids below 2100": ("5",),
        "ids 2100 to 4399": ("2100",),
        "ids from 4400": ("9000",),
        "ids that are no number": ("hand",),
    }


@pytest.mark.parametrize("bounds", [(), (5, 5), (7, 3)])
def test_bounds_that_do_not_increase_are_refused(bounds):
    with pytest.raises(ValueError, match="increasing"):
        list_strata(bounds)
