import pytest

from boneage.imaging import InvalidTable
from boneage.imaging.structured_text import read_json, read_xml

LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><l>&b;</l>'


def written(tmp_path, content):
    path = tmp_path / "document"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_byte_order_mark_is_no_matter(tmp_path):
    assert read_json(written(tmp_path, b'\xef\xbb\xbf{"a": 1}')) == {"a": 1}
    assert read_xml(written(tmp_path, b"\xef\xbb\xbf<a><b>1</b></a>")).findtext("b") == "1"


def test_an_encoding_that_xml_declares_does_not_get_in_the_way(tmp_path):
    assert read_xml(written(tmp_path, '<?xml version="1.0" encoding="utf-8"?>\n<a>ä</a>')).text == "ä"


@pytest.mark.parametrize(
    ("content", "reason"),
    [("", "is empty"), (b"\xff\xfe\x00", "not a text file"), ("{", "not valid JSON"), ("[" * 200_000, "nested"),
     ("9" * 5000, "too long")],
)  # fmt: skip
def test_bad_json_is_refused_by_the_name_of_its_file(tmp_path, content, reason):
    with pytest.raises(InvalidTable, match=rf"document: .*{reason}"):
        read_json(written(tmp_path, content))


@pytest.mark.parametrize(
    ("content", "reason"),
    [("<a>", "not valid XML"), ("{}", "not valid XML"), (LAUGHS, "DOCTYPE"), ("<a>&b;</a>", "undefined entity"),
     ('<!DOCTYPE a SYSTEM "http://example.org/a.dtd"><a/>', "DOCTYPE")],
)  # fmt: skip
def test_bad_and_dangerous_xml_is_refused(tmp_path, content, reason):
    with pytest.raises(InvalidTable, match=rf"document: .*{reason}"):
        read_xml(written(tmp_path, content))


def test_a_file_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("boneage.imaging.tables.LARGEST_BYTES", 10)
    with pytest.raises(InvalidTable, match="larger than"):
        read_json(written(tmp_path, '"longer than that"'))


def test_a_file_that_is_not_there_or_a_folder_is_refused(tmp_path):
    with pytest.raises(InvalidTable, match="no such file"):
        read_json(tmp_path / "absent.json")
    with pytest.raises(InvalidTable, match="cannot be read"):
        read_xml(tmp_path)
