import pytest

from boneage.imaging import InvalidTable, read_ages, read_chronological_ages, read_ids, read_sexes, read_sizes


def table(tmp_path, text):
    path = tmp_path / "table.csv"
    path.write_text(text)
    return path


def test_our_own_and_the_challenges_columns_are_read(tmp_path):
    ours = read_ages(table(tmp_path, "id,boneage_months,sex\n1,120.5,F\n2,60,\n"))
    assert (ours["1"].boneage_months, ours["1"].sex, ours["2"].sex) == (120.5, "F", None)
    theirs = read_ages(table(tmp_path, "id,boneage,male\n1,120,True\n2,60,False\n"))
    assert (theirs["1"].sex, theirs["2"].sex) == ("M", "F")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("id,sex\n1,F\n", "boneage_months"),
        ("id,boneage_months,sex\n0,1,F\n1,,F\n", "line 3, id 1: boneage_months must be .*, got nothing"),
        ("id,boneage_months,sex\n1,nan,F\n", "line 2, id 1: .* got nan"),
        ("id,boneage_months,sex\n1,-3,F\n", "line 2, id 1: .* got -3"),
        ("id,boneage_months,sex\n1,inf,F\n", "line 2, id 1: boneage_months must be finite, got 'inf'"),
        ("id,boneage_months,sex\n1,ten,F\n", "line 2, id 1: boneage_months must be a number, got 'ten'"),
        ("id,boneage_months,sex\n1,9999,F\n", "got 9999"),
        ("id,boneage_months,sex\n1,12,F\n1,12,F\n", "twice"),
    ],
)
def test_malformed_ages_are_refused(tmp_path, text, reason):
    with pytest.raises(InvalidTable, match=reason):
        read_ages(table(tmp_path, text))


def test_sexes_leave_out_blanks_and_need_their_column(tmp_path):
    assert read_sexes(table(tmp_path, "id,sex\n1,f\n2,\n3,Male\n")) == {"1": "F", "3": "M"}
    with pytest.raises(InvalidTable, match="'sex'"):
        read_sexes(table(tmp_path, "id,age\n1,2\n"))


@pytest.mark.parametrize("column", ["sex", "male"])
@pytest.mark.parametrize(
    ("sex", "codes"),
    [("F", ("F", "f", "female", "Female", "0", "0.0", "False", "false", "FALSE")), ("M", ("M", "male", "1", "True"))],
)
def test_every_way_to_write_a_sex_is_read_in_either_column(tmp_path, column, sex, codes):
    rows = "".join(f"{k},12,{code}\n" for k, code in enumerate(codes))
    path = table(tmp_path, f"id,boneage_months,{column}\n{rows}")
    assert {record.sex for record in read_ages(path).values()} == set(read_sexes(path).values()) == {sex}


def test_chronological_ages_come_in_months_or_years_or_not_at_all(tmp_path):
    both = "id,chronological_age_years,chronological_age_months\n1,10,121\n2,3,\n"
    assert read_chronological_ages(table(tmp_path, both)) == {"1": 121.0}
    assert read_chronological_ages(table(tmp_path, "id,chronological_age_years\n1,10.5\n2,NA\n")) == {"1": 126.0}
    assert read_chronological_ages(table(tmp_path, "id,sex\n1,F\n")) == {}


@pytest.mark.parametrize("text", ["-1", "201", "ten"])
def test_an_age_that_nobody_has_is_refused(tmp_path, text):
    with pytest.raises(InvalidTable, match=f"line 2, id 1: chronological_age_years .* got '?{text}"):
        read_chronological_ages(table(tmp_path, f"id,chronological_age_years\n1,{text}\n"))


def test_sizes_are_rows_and_columns(tmp_path):
    assert read_sizes(table(tmp_path, "id,width,height\n1,30,40\n2,,\n")) == {"1": (40, 30)}


def test_ids_come_one_a_line_or_as_a_column(tmp_path):
    assert read_ids(table(tmp_path, "3\n1\n3\n")) == ["3", "1"]
    assert read_ids(table(tmp_path, "id,x\n3,0\n1,0\n")) == ["3", "1"]
    with pytest.raises(InvalidTable, match="is empty"):
        read_ids(table(tmp_path, "\n"))
