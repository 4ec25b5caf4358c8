from boneage.pipeline.selection.strata import name_strata


def test_bands_are_of_two_years_and_begin_with_a_birthday():
    assert name_strata(["a", "b", "c"], {"a": 23.9, "b": 24.0, "c": 24.0}, {"a": "F", "b": "F", "c": "M"}) == (
        "girls of 0 to 1 years", "girls of 2 to 3 years", "boys of 2 to 3 years",
    )  # fmt: skip


def test_without_tables_there_are_none():
    assert name_strata(["a"], {}, {}) is None
