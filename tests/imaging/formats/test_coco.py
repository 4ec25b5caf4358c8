import json

import numpy as np
import pytest

from boneage.imaging import Details, InvalidTable, Points, read_landmarks, read_scheme, render_landmarks
from boneage.imaging.annotations import LandmarkTable
from tests.imaging.formats.tables import NO_DETAILS, small_table


def minimal(**changes):
    """Two images, the first with points a at (x 3, y 4) and b absent."""
    data = {
        "images": [
            {"id": 4, "file_name": "train/hand.1.png", "width": 30, "height": 40},
            {"id": 5, "file_name": "2.png"},
        ],
        "categories": [{"id": 1, "name": "hand", "keypoints": ["a", "b"]}],
        "annotations": [{"id": 1, "image_id": 4, "category_id": 1, "keypoints": [3, 4, 1, 0, 0, 0]}],
    }
    return data | changes


def read(tmp_path, data):
    path = tmp_path / "coco.json"
    path.write_text(json.dumps(data))
    return read_landmarks(path)


def test_x_y_visibility_become_row_column_or_absent(tmp_path):
    table = read(tmp_path, minimal())
    assert table.names == ("a", "b")
    assert table.points["hand.1"].position("a").tolist() == [4, 3]
    assert table.points["hand.1"].present.tolist() == [True, False]
    assert table.original_shapes == {"hand.1": (40, 30)}
    assert table.remarks == ("1 images have no annotation",)


def test_categories_with_keypoints_of_their_own_make_one_table(tmp_path):
    categories = [*minimal()["categories"], {"id": 2, "keypoints": ["c"]}, {"id": 3, "name": "box"}]
    more = [
        {"id": 2, "image_id": 4, "category_id": 2, "keypoints": [5, 6, 2]},
        {"id": 3, "image_id": 4, "category_id": 3, "bbox": [0, 0, 1, 1]},
    ]
    table = read(tmp_path, minimal(categories=categories, annotations=minimal()["annotations"] + more))
    assert table.names == ("a", "b", "c")
    assert table.points["hand.1"].position("c").tolist() == [6, 5]


def test_what_is_written_is_what_the_format_wants():
    data = json.loads(render_landmarks(small_table(), "coco", Details({"7": "7.dcm"}, {}))[""])
    assert [image["file_name"] for image in data["images"]] == ["7.dcm", "scan.v2.png", "9.png"]
    assert data["images"][0] == {"id": 1, "file_name": "7.dcm", "height": 100, "width": 60, "laterality": "R"}
    assert data["annotations"][1]["keypoints"] == [2, 1, 2, 0, 0, 0, 6, 5, 2]
    assert data["annotations"][0]["bbox"] == [0, 0, 20.5, 99.125]
    assert [a["num_keypoints"] for a in data["annotations"]] == [3, 2, 0]


def test_lines_between_the_landmarks_of_a_known_scheme_are_written():
    names = read_scheme("hand21").names
    points = {"1": Points(names, np.ones((21, 2)))}
    category = json.loads(render_landmarks(LandmarkTable("t", names, points, {}, {}), "coco", NO_DETAILS)[""])[
        "categories"
    ][0]
    assert len(category["skeleton"]) == 20
    assert [names[k - 1] for k in category["skeleton"][0]] == ["wrist", "thumb1"]


ANNOTATION = minimal()["annotations"][0]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (minimal(categories={}), "'categories' must be a list, got {}"),
        (minimal(categories=[{"id": 1, "name": "box"}]), "no category with keypoints"),
        (minimal(categories=[{"id": 1, "keypoints": ["a", "a"]}]), "'a' twice"),
        (minimal(categories=[{"id": 1, "keypoints": ["a", 3]}]), "must have a name"),
        (minimal(annotations=[ANNOTATION, ANNOTATION]), "annotation 2: image 4 has a second object"),
        (minimal(annotations=[ANNOTATION | {"image_id": 77}]), "annotation 1: there is no image 77"),
        (minimal(annotations=[ANNOTATION | {"keypoints": [1, 2]}]), "annotation 1: 'keypoints' must be 6 finite"),
        (minimal(annotations=[ANNOTATION | {"keypoints": [1, 2, 2, "x", 1, 2]}]), "must be 6 finite"),
        (minimal(annotations=[7]), "annotation 1 must be an object"),
        (minimal(annotations=[]), "no landmarks"),
        (minimal(images=[{"id": 4, "file_name": "1.png", "width": -3, "height": 4}]), "image '1': width and height"),
        (minimal(images=[{"id": 4}]), "image 4: 'file_name' must be a text"),
    ],
)
def test_malformed_files_are_refused_by_their_name(tmp_path, data, reason):
    with pytest.raises(InvalidTable, match=rf"coco.json: .*{reason}"):
        read(tmp_path, data)


def test_two_images_of_one_name_are_refused(tmp_path):
    images = [{"id": 4, "file_name": "a/1.png"}, {"id": 5, "file_name": "b\\1.jpg"}]
    with pytest.raises(InvalidTable, match="two images have the name '1'"):
        read(tmp_path, minimal(images=images, annotations=[ANNOTATION, ANNOTATION | {"image_id": 5}]))
