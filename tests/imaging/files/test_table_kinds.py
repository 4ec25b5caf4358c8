"""Tables as spreadsheets, scripts and other programs write them: read rightly, or refused by name."""

from pathlib import Path

import pytest

from boneage.imaging import InvalidTable, read_ages, read_ids, read_landmarks, read_sexes
from boneage.imaging.demographics import UnclearSex
from boneage.imaging.matching import match_rows

AGES = "id,boneage_months,sex\nMüller,120.5,F\n2,60,M\n"
SPREADSHEETS = {
    "zip": b"PK\x03\x04\x14\x00\x06\x00[Content_Types].xml",
    "compound": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100),
}


def write(tmp_path, content):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_table_is_read_whatever_its_encoding_delimiter_and_line_ends(tmp_path, encoding, ending, delimiter):
    text = AGES.replace("\n", ending).replace(",", delimiter)
    bom = "\ufeff" if encoding in ("utf-16-le", "utf-16-be") else ""  # as spreadsheets write it
    ages = read_ages(write(tmp_path, (bom + text).encode(encoding)))
    assert {id_: (age.boneage_months, age.sex) for id_, age in ages.items()} == {"Müller": (120.5, "F"), "2": (60, "M")}


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "mac-roman", "cp437"])
def test_a_table_in_another_encoding_is_refused_with_the_line_and_what_to_do(tmp_path, encoding):
    with pytest.raises(InvalidTable, match=r"line 2 is not UTF-8 text.*save it as CSV in UTF-8"):
        read_ages(write(tmp_path, AGES.encode(encoding)))


@pytest.mark.parametrize("kind", SPREADSHEETS)
@pytest.mark.parametrize("read", [read_ages, read_sexes, read_ids, read_landmarks])
def test_a_spreadsheet_under_a_tables_name_is_told_as_one(tmp_path, kind, read):
    with pytest.raises(InvalidTable, match=r"spreadsheet.*save it as CSV in UTF-8"):
        read(write(tmp_path, SPREADSHEETS[kind]))


DISORDERED = {  # tables as other programs leave them
    "an index": ",id,boneage_months,sex\n0,Müller,120.5,F\n1,2,60,M\n",
    "blanks and quotes": 'id, boneage_months, sex\n"Müller", "120.5", "F"\n"2", "60", "M"\n',
    "empty columns and rows": "id,boneage_months,sex,,\nMüller,120.5,F,,\n,,,,\n2,60,M,,\n",
    "two files in one": "id,boneage_months,sex\nMüller,120.5,F\n\ufeff2,60,M\n",
    "a web page's marks": "id,boneage_months,sex\n\u200bMüller,120.5\u200b,F\n2,60,\u00a0M\n",
    "formulas": 'id,boneage_months,sex\nMüller,120.5,F\n="2",60,"=""M"""\n',
    "gender": "id,boneage_months,Gender\nMüller,120.5,Female\n2,60,Male\n",
    "notes": 'id;boneage_months;sex;note\nMüller;120.5;F;"a, b, c, d\ne"\n2;60;M;\n',
}


@pytest.mark.parametrize("kind", DISORDERED)
def test_a_disordered_table_is_read(tmp_path, kind):
    ages = read_ages(write(tmp_path, DISORDERED[kind].encode()))
    assert {id_: (age.boneage_months, age.sex) for id_, age in ages.items()} == {"Müller": (120.5, "F"), "2": (60, "M")}


REFUSED = {  # a table, and what its reason must say
    "an open quotation mark": ('id,boneage_months,note\n1,120,"a\n2,60,b\n', "close every quotation mark"),
    "decimal commas": ("id;boneage_months\n1;120,5\n", "line 2, id 1: .*write decimals with a point"),
    "thousands": ('id,boneage_months\n1,"1,200"\n', "line 2, id 1: .*write decimals with a point"),
    "two headers": ("id,boneage_months\n1,120\nid,boneage_months\n", "line 3, id id: .*must be a number"),
    "a column twice": ("id,boneage_months,boneage_months\n1,120,60\n", "occurs twice"),
    "a row twice": ("id,boneage_months\n1,120\n1,60\n", "'1' occurs twice .again on line 3"),
    "a short row": ("id,boneage_months,sex\n1,120\n", "line 2 has 2 cells, the header has 3"),
    "no age": ("id,boneage_months\n1,\n", "line 2, id 1: .*got nothing: leave out the row"),
    "years and months": ("id,boneage_months\n1,10y3m\n", "line 2, id 1: .*must be a number, got '10y3m'"),
    "a title": ("Bone ages\nid,boneage_months\n1,120\n", "lacks the column 'id'; it has Bone ages"),
    "zeros at its end": ("id,boneage_months\n1,120\n\0\0", "not a text file: .*CSV in UTF-8"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_table_of_which_the_meaning_is_not_clear_is_refused_by_its_place(tmp_path, kind):
    content, reason = REFUSED[kind]
    with pytest.raises(InvalidTable, match=reason):
        read_ages(write(tmp_path, content.encode()))


def test_ids_of_a_list_may_have_spaces(tmp_path):
    assert read_ids(write(tmp_path, b"hand 1\r\n  2\t\n\n3,\n")) == ["hand 1", "2", "3,"]


@pytest.mark.parametrize("text", ["U", "unknown", "girl", "2", "-1", "?", "W", "X"])
@pytest.mark.parametrize("column", ["sex", "male"])
def test_a_sex_that_is_not_clear_is_that_rows_alone(tmp_path, column, text):
    path = write(tmp_path, f"id,boneage_months,{column}\n1,12,F\n2,13,{text}\n3,14,M\n".encode())
    sexes = read_sexes(path)
    assert (sexes["1"], sexes["3"]) == ("F", "M")
    unclear = sexes["2"]
    assert isinstance(unclear, UnclearSex)
    assert unclear.reason.startswith(f"line 3, id 2 of table.csv: {column} must be F, female, 0, False, M, male, 1")
    assert unclear.reason.endswith(f"got {text!r}")
    ages = read_ages(path)
    assert (ages["2"].sex, ages["2"].sex_fault, ages["1"].sex_fault) == (None, unclear.reason, "")


def test_columns_that_contradict_each_other_are_no_sex(tmp_path):
    sexes = read_sexes(write(tmp_path, b"id,sex,male\n1,F,True\n2,M,True\n3,,False\n4,F,\n"))
    assert sexes == {"1": UnclearSex("line 2, id 1 of table.csv: sex says 'F' and male 'True'"), "2": "M", "3": "F",
                     "4": "F"}  # fmt: skip


NAMES = {  # a file, and the ids of rows that mean it, the best first
    "12.1": ["data/12.1", "12.1"],
    "12.1.png": ["data/12.1.png", "data/12.1", "12.1.png", "12.1"],
    "1.2.840.10008.5": ["1.2.840.10008.5"],
    "hand.v2.PNG": ["hand.v2.PNG", "hand.v2"],
    "hand.nii.gz": ["hand.nii.gz", "hand"],
    "Mu\u0308ller.png": ["M\u00fcller.png", "M\u00fcller"],
    "M\u00fcller.png": ["Mu\u0308ller"],
}


@pytest.mark.parametrize("name", NAMES)
def test_the_best_of_several_rows_is_a_files(name):
    rows, path = NAMES[name], Path("data", name)
    for k in range(len(rows)):
        assert match_rows([*reversed(rows[k:]), "1", "12"], [path], "sexes").rows == {path: rows[k]}


@pytest.mark.parametrize(("name", "row"), [("12.1", "12"), ("1.2.840.10008.5", "1.2.840.10008"), ("007.png", "7")])
def test_a_row_of_another_file_is_not_taken(name, row):
    assert match_rows([row], [Path("data", name)], "sexes").rows == {}


MISFITS = {  # ids as a spreadsheet leaves them, of files 0001377.png and 0001378.png
    "leading zeros are lost": ["1377", "1378"],
    "a decimal": ["0001377.0", "0001378.0"],
    "another suffix": ["0001377.dcm", "0001378.dcm"],
    "another folder": ["other/0001377", "other/0001378"],
    "others": ["a"],
}


@pytest.mark.parametrize("kind", MISFITS)
def test_ids_that_fit_no_file_are_told_with_one_of_each(kind):
    paths = [Path("images/0001377.png"), Path("images/0001378.png")]
    ids = MISFITS[kind]
    assert match_rows(ids, paths, "sexes").misfit() == (
        f"no row of the table of sexes fits a file: its ids are such as {ids[0]!r}, "
        "those of the files such as '0001377'"
    )
    assert match_rows([*ids, "0001378"], paths, "sexes").misfit() == ""
    assert match_rows([], paths, "sexes").misfit() == match_rows(ids, [], "sexes").misfit() == ""
