import json

import pytest

from boneage.imaging import InvalidTable, read_landmarks
from boneage.imaging.formats.foreign import check_not_foreign

FILES = {  # of each program: its name in the message, the file's name, its content
    "labelme": ("labelme", "1.json", json.dumps({
        "version": "5.4.1", "flags": {}, "imagePath": "1.png", "imageData": None, "imageHeight": 9, "imageWidth": 9,
        "shapes": [{"label": "wrist", "points": [[4.0, 5.0]], "shape_type": "point", "group_id": None, "flags": {}}],
    })),
    "VIA project": ("VIA", "via.json", json.dumps({
        "_via_settings": {}, "_via_attributes": {}, "_via_img_metadata": {"1.png12": {"filename": "1.png"}},
    })),
    "VIA annotations": ("VIA", "via.json", json.dumps({
        "1.png12": {"filename": "1.png", "size": 12, "file_attributes": {}, "regions": [
            {"shape_attributes": {"name": "point", "cx": 4, "cy": 5}, "region_attributes": {"name": "wrist"}}]},
    })),
    "VIA table": ("VIA", "via.csv", "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,"
                  'region_attributes\n1.png,12,"{}",1,0,"{""name"":""point"",""cx"":4,""cy"":5}","{}"\n'),
    "VIA table, commented": ("VIA", "via.csv", "#filename,file_size,file_attributes\n1.png,12,{}\n"),
    "VIA of videos": ("VIA", "via3.json", json.dumps({
        "project": {"pid": "x", "rev": "1"}, "config": {}, "attribute": {}, "file": {"1": {"fname": "1.png"}},
        "metadata": {}, "view": {},
    })),
    "DeepLabCut": ("DeepLabCut", "dlc.csv", "scorer,me,me\nbodyparts,wrist,wrist\ncoords,x,y\n1.png,10,20\n"),
    "3D Slicer 4": ("3D Slicer's older kind", "points.fcsv", "# Markups fiducial file version = 4.11\n"),
    "CVAT": ("CVAT", "cvat.xml", '<?xml version="1.0" encoding="utf-8"?>\n<annotations><version>1.1</version>'
             '<image id="0" name="1.png" width="9" height="9"><points label="wrist" points="4,5"/></image>'
             "</annotations>"),
    "dlib": ("dlib", "dlib.xml", "<?xml version='1.0'?><dataset><images><image file='1.png'><box top='1' left='1' "
             "width='5' height='5'><part name='00' x='4' y='5'/></box></image></images></dataset>"),
    "TPS": ("TPS", "hands.tps", "LM=2\n4.0 5.0\n6.0 7.0\nIMAGE=1.png\nID=0\nSCALE=0.1\n"),
    "TPS of three dimensions": ("TPS", "hands.tps", "lm3=1\r\n4 5 6\r\nID=1\r\n"),
    "YOLO": ("YOLO", "1.txt", "0 0.5 0.5 0.1 0.1\n3 0.25 0.75 0.1 0.1\n"),
    "YOLO pose": ("YOLO", "1.txt", "0 0.5 0.5 0.9 0.9 0.4 0.4 2 0.3 0.6 1\n"),
    "iBUG": ("iBUG", "1.pts", "version: 1\nn_points: 2\n{\n4.0 5.0\n6.0 7.0\n}\n"),
}  # fmt: skip


@pytest.mark.parametrize("beside", [(), ("1.png",), ("classes.txt", "notes.csv")])
@pytest.mark.parametrize("kind", FILES)
def test_a_file_of_another_program_is_named_with_what_is_read(tmp_path, kind, beside):
    program, name, content = FILES[kind]
    file = tmp_path / name
    file.write_text(content)
    for other in beside:
        (tmp_path / other).write_text("wrist\n")
    for path in (file, tmp_path):
        with pytest.raises(InvalidTable, match="which is not read; CSV tables of points or boxes, COCO") as caught:
            read_landmarks(path)
        assert caught.value.path == file
        assert f"is a file of {program}" in caught.value.reason


@pytest.mark.parametrize("content", ["id,a_x,a_y\n1,2,3\n", "0 1 2\n", "1;2;3;4;5\n", "LM\n", "{}", "5 a b c d", ""])
def test_what_is_of_no_program_is_not_named(tmp_path, content):
    check_not_foreign(tmp_path / "x", content)


def test_what_is_read_lies_beside_what_is_not(tmp_path):
    (tmp_path / "readme.txt").write_bytes(b"\xff broken")
    (tmp_path / "1.xml").write_text(
        "<annotation><object><name>a</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>5</xmax><ymax>6</ymax></bndbox>"
        "</object></annotation>"
    )
    assert read_landmarks(tmp_path).points["1"].position("a").tolist() == [4, 3]


UNKNOWN = {  # JSON, and what must be told of it
    "{}": "of COCO it lacks 'images', 'annotations', 'categories', and has nothing",
    '{"version": "2.0", "item": {}}': "and has 'version', 'item'",
    '{"images": ["1.png"]}': "of COCO it lacks 'annotations', 'categories', and has 'images'",
    '{"images": {"1.png": {"wrist": [4, 5]}}, "labels": []}': "and has 'images', 'labels'",
    '{"images": [], "annotations": []}': "of COCO it lacks 'categories', and has 'images', 'annotations'",
    '[{"image": "/data/1.png", "kp": []}]': "its first entry has 'image', 'kp'",
    "[[4, 5]]": r"its first entry has \[4, 5\]",
}


@pytest.mark.parametrize("content", UNKNOWN)
def test_json_of_no_known_kind_is_told_with_what_is_read(tmp_path, content):
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(InvalidTable, match=f"{UNKNOWN[content]}; CSV tables of points or boxes, COCO"):
        read_landmarks(tmp_path / "x.json")


def test_an_object_a_line_is_told(tmp_path):
    (tmp_path / "x.json").write_text('{"id": 1}\n{"id": 2}\n')
    with pytest.raises(InvalidTable, match=r"line 2\): one object a line is not read, put them in one list"):
        read_landmarks(tmp_path / "x.json")
