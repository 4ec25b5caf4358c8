from pathlib import Path

import pytest

from boneage.imaging.matching import list_names, match_rows

A, B, C = Path("data/A/1.png"), Path("data/B/1.png"), Path("data/C/2.nii.gz")


@pytest.mark.parametrize("row", ["1", "1.png", "A/1", "A/1.png", "data/A/1.png", "./A/1.png"])
def test_a_row_names_a_file_by_its_id_its_name_or_the_end_of_its_path(row):
    assert match_rows([row, "other"], [A, C], "ages").rows == {A: row}


def test_an_absolute_path_fits_and_part_of_a_name_does_not():
    assert match_rows([str(A.absolute())], [A], "ages").rows == {A: str(A.absolute())}
    assert match_rows(["a/1.png", "/1.png", "11", ""], [A], "ages").rows == {}


@pytest.mark.parametrize("row", ["1", "1.png"])
def test_a_row_that_fits_several_files_belongs_to_none(row):
    match = match_rows([row, "2"], [A, B, C], "ages")
    assert match.rows == {C: "2"}
    assert match.faults() == {
        A: f"the row {row!r} of the table of ages fits this file and data/B/1.png: write the path in its id, such as "
        "A/1.png",
        B: f"the row {row!r} of the table of ages fits this file and data/A/1.png: write the path in its id, such as "
        "B/1.png",
    }
    (remark,) = match.remarks()
    assert remark.startswith(f"2 images are left out: the row {row!r} of the table of ages fits each of data/A/1.png, ")


def test_a_longer_name_goes_before_a_shorter_one():
    match = match_rows(["1", "A/1"], [A, B], "sexes")
    assert match.rows == {A: "A/1", B: "1"}
    assert match.select({"1": "F", "A/1": "M"}) == {A: "M", B: "F"}


def test_a_path_that_is_given_twice_is_one_file():
    assert match_rows(["1"], [A, A], "sexes").rows == {A: "1"}


def test_names_go_from_the_whole_path_to_the_id():
    assert list_names(Path("/x/2.nii.gz")) == [
        ("/", "x", "2.nii.gz"), ("/", "x", "2"), ("x", "2.nii.gz"), ("x", "2"), ("2.nii.gz",), ("2",),
    ]  # fmt: skip


def test_many_files_of_one_row_are_not_all_named():
    paths = [Path(f"{k}/1.png") for k in range(9)]
    fault = match_rows(["1"], paths, "sexes").faults()[paths[0]]
    assert "1/1.png, 2/1.png, 3/1.png and 5 more" in fault


def test_a_file_without_a_row_is_shown_with_an_id_of_the_table_that_fits_no_file():
    match = match_rows(["1377", "2"], [A, C, Path("0001377.png")], "sexes")
    assert match.absences() == {
        A: "the table of sexes has nothing for this file, '1': its id '1377' fits no file",
        Path("0001377.png"): "the table of sexes has nothing for this file, '0001377': its id '1377' fits no file",
    }
    assert match_rows(["2"], [A, C], "sexes").absences() == {
        A: "the table of sexes has nothing for this file, '1': its ids are such as '2'"
    }
    assert match_rows([], [A, C], "sexes").absences() == match_rows(["1", "2"], [A, C], "sexes").absences() == {}
