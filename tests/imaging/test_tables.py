import pytest

from boneage.imaging import InvalidTable
from boneage.imaging.tables import check_shape, read_rows, read_table


def write(tmp_path, text):
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize(
    "text",
    [
        "id,a\n1,x\n",
        "\ufeffid;a\n1;x\n",
        "id\ta\n1\tx\n\n",
        "id,a\r\n1, x \r\n",
        "id,a\r1,x\r",
        "ID,a\n1,x\n",
        "Case ID,a\n1,x\n",
        "sep=;\nid;a\n1;x\n",
    ],
)
def test_the_usual_dialects_read_alike(tmp_path, text):
    assert read_table(write(tmp_path, text)).rows == {"1": {"id": "1", "a": "x"}}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("name,a\n1,x\n", "lacks the column 'id'"),
        ("id,a\n1,x\n1,y\n", "occurs twice"),
        ("id,a,a\n1,x,y\n", "column 'a' occurs twice"),
        ("id,a\n1\n", "1 cells"),
        ("id,a\n,x\n", "no id"),
        (b"id,a\n\xff\xfe,x\n", "line 2 is not UTF-8 text"),
        (b"id,a\n\xff\0,x\n", "not a text file"),
        ("id,b\n1,x\n", "lacks the column 'a'"),
    ],
)
def test_malformed_tables_are_refused_by_name_and_reason(tmp_path, text, reason):
    path = write(tmp_path, text)
    with pytest.raises(InvalidTable, match=reason) as caught:
        read_table(path, needs=("a",))
    assert caught.value.path == path


def test_a_missing_table_is_refused(tmp_path):
    with pytest.raises(InvalidTable, match="no such file"):
        read_table(tmp_path / "no.csv")


def test_numbers_must_be_numbers(tmp_path):
    table = read_table(write(tmp_path, "id,a,b\n1,2.5,two\n2,,nan\n"))
    assert table.number("1", "a") == 2.5
    assert table.number("2", "a") is None
    with pytest.raises(InvalidTable, match="id 1"):
        table.number("1", "b")


def test_rows_keep_the_number_of_their_line(tmp_path):
    columns, rows = read_rows(write(tmp_path, "a,b\n1,2\n\n3,\n"))
    assert columns == ("a", "b")
    assert rows == [(2, {"a": "1", "b": "2"}), (4, {"a": "3", "b": ""})]


@pytest.mark.parametrize("size", [(0, 5), (2.5, 5), (5, None), ("5", 5), (float("nan"), 5), (1e300, 5)])
def test_a_size_is_two_positive_whole_numbers(size):
    with pytest.raises(InvalidTable, match="file: here: width and height must be"):
        check_shape("file", "here", *size)


def test_a_size_is_rows_before_columns_or_not_known():
    assert check_shape("file", "here", 60, 100.0) == (100, 60)
    assert check_shape("file", "here", None, None) is None


@pytest.mark.parametrize(("text", "advice"), [("2,5", ": write decimals with a point"), ("1_20", ""), ("=2", "")])
def test_what_only_looks_like_a_number_is_refused(tmp_path, text, advice):
    table = read_table(write(tmp_path, f"id;a\n1;{text}\n"))
    with pytest.raises(InvalidTable, match=f"a must be a number, got '{text}'{advice}$"):
        table.number("1", "a")


def test_columns_of_the_challenge_are_known_in_any_case(tmp_path):
    columns, _ = read_rows(write(tmp_path, "Image ID,Male,Bone Age (months),MCP_x\n1,True,120,5\n"))
    assert columns == ("id", "male", "boneage_months", "MCP_x")
