from boneage.imaging import AgeRecord
from boneage.pipeline.selection.strata import name_strata


def test_bands_are_of_two_years_and_begin_with_a_birthday():
    ages = {"a": AgeRecord(23.9, "F"), "b": AgeRecord(24.0, "F"), "c": AgeRecord(24.0, None)}
    assert name_strata(["a", "b", "c"], ages, {"c": "M"}) == (
        "girls of 0 to 1 years", "girls of 2 to 3 years", "boys of 2 to 3 years",
    )  # fmt: skip


def test_without_tables_there_are_none():
    assert name_strata(["a"], {}, {}) is None
