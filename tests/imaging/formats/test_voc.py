import pytest

from boneage.imaging import Details, InvalidTable, read_landmarks, render_landmarks
from tests.imaging.formats.tables import small_table

BOX = "<xmin>10</xmin><ymin>20</ymin><xmax>13</xmax><ymax>30.5</ymax>"


def read(tmp_path, inside, name="hand.xml"):
    (tmp_path / name).write_text(f"<annotation>{inside}</annotation>")
    return read_landmarks(tmp_path)


def item(name="tip", box=BOX):
    return f"<object><name>{name}</name><bndbox>{box}</bndbox></object>"


def test_the_centre_of_a_box_is_the_landmark(tmp_path):
    table = read(tmp_path, f"<size><width>60</width><height>100</height><depth>1</depth></size>{item()}")
    assert table.points["hand"].position("tip").tolist() == [25.25, 11.5]
    assert table.original_shapes == {"hand": (100, 60)}


def test_a_size_of_zero_is_no_size(tmp_path):
    assert read(tmp_path, f"<size><width>0</width><height>0</height></size>{item()}").original_shapes == {}


def test_a_landmark_that_only_another_file_has_is_absent(tmp_path):
    read(tmp_path, item("a"), "1.xml")
    table = read(tmp_path, item("b"), "2.xml")
    assert table.names == ("a", "b")
    assert table.points["1"].present.tolist() == [True, False]


def test_boxes_are_as_large_as_asked_for():
    text = render_landmarks(small_table(), "voc", Details({"7": "7.jpg"}, {}, box_side=3))["7.xml"]
    assert "<filename>7.jpg</filename>" in text
    assert "<xmin>19.000</xmin>" in text
    assert "<xmax>22.000</xmax>" in text
    assert "tip &amp; top" in text


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        (item(""), "object 1 has no name"),
        (item(box="<xmin>1</xmin>"), r"object 1 \(tip\) lacks ymin"),
        (item(box=BOX.replace("13", "9")), "ends before it begins"),
        (item(box=BOX.replace("13", "thirteen")), "xmax must be a number"),
        (item(box=BOX.replace("13", "inf")), "xmax must be finite"),
        ("<size><width>3</width></size>", "width and height must be"),
        ("<object>", "not valid XML"),
        ("", "no landmarks"),
    ],
)
def test_malformed_files_are_refused_by_their_name(tmp_path, inside, reason):
    with pytest.raises(InvalidTable, match=reason):
        read(tmp_path, inside)


def test_another_root_and_a_document_type_are_refused(tmp_path):
    (tmp_path / "1.xml").write_text("<svg/>")
    with pytest.raises(InvalidTable, match=r"1.xml: .*<svg>"):
        read_landmarks(tmp_path)
    (tmp_path / "1.xml").write_text('<!DOCTYPE a [<!ENTITY b "c">]><annotation>&b;</annotation>')
    with pytest.raises(InvalidTable, match=r"1.xml: .*DOCTYPE"):
        read_landmarks(tmp_path)
