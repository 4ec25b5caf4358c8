import json

import pytest

from boneage.imaging import InvalidTable, read_landmarks, render_landmarks
from tests.imaging.formats.tables import NO_DETAILS, small_table


def result(label="tip", kind="keypointlabels", **changes):
    value = {"x": 50, "y": 25, "width": 0.5, kind: [label], **changes.pop("value", {})}
    return {"type": kind, "original_width": 200, "original_height": 400, "image_rotation": 0, "value": value} | changes


def task(*results, image="/data/upload/1/0123abcd-hand.png", **data):
    return {"id": 1, "data": {"image": image, **data}, "annotations": [{"result": list(results)}]}


def read(tmp_path, *tasks):
    path = tmp_path / "export.json"
    path.write_text(json.dumps(list(tasks)))
    return read_landmarks(path)


def test_percent_become_pixels(tmp_path):
    table = read(tmp_path, task(result(), {"type": "choices", "value": {}}, laterality="R"))
    assert table.points["hand"].position("tip").tolist() == [100, 100]
    assert table.original_shapes == {"hand": (400, 200)}
    assert table.laterality == {"hand": "R"}


@pytest.mark.parametrize(
    "image",
    ["hand.png", "/data/upload/3/deadbeef-hand.png", "/data/local-files/?d=set%201/hand.png", "s3://bucket/a/hand.jpg"],
)
def test_the_id_is_the_stem_of_the_image_wherever_it_lies(tmp_path, image):
    assert list(read(tmp_path, task(result(), image=image)).points) == ["hand"]


def test_a_rectangle_is_its_centre_turned_or_not(tmp_path):
    size = {"width": 10, "height": 20}
    upright = read(tmp_path, task(result(kind="rectanglelabels", value=size)))
    assert upright.points["hand"].position("tip").tolist() == [140, 110]
    turned = read(tmp_path, task(result(kind="rectanglelabels", value=size | {"rotation": 90})))
    assert turned.points["hand"].position("tip").tolist() == pytest.approx([110, 60])


def test_tasks_without_annotations_are_left_out_and_counted(tmp_path):
    cancelled = {"result": [result("wrong")], "was_cancelled": True}
    several = task(result(), image="2.png")
    several["annotations"] = [cancelled, *several["annotations"], {"result": []}]
    table = read(tmp_path, task(result(), image="1.png"), several, task(image="3.png") | {"annotations": [cancelled]})
    assert list(table.points) == ["1", "2"]
    assert table.names == ("tip",)
    assert table.remarks == (
        "1 tasks have no annotation",
        "1 tasks have more than one annotation; the first is used",
    )


def test_an_image_of_unknown_size_cannot_be_written():
    with pytest.raises(InvalidTable, match=r"id scan.v2: its width and height"):
        render_landmarks(small_table(), "label-studio", NO_DETAILS)


@pytest.mark.parametrize(
    ("tasks", "reason"),
    [
        ([{"image": "1.png", "kp": []}], "its first entry has 'image', 'kp'"),
        ([task(result(original_width=None))], "result 1: width and height"),
        ([task(result(image_rotation=90))], "must not be rotated"),
        ([task(result(value={"keypointlabels": ["a", "b"]}))], "exactly one label"),
        ([task(result(value={"x": "left"}))], "x, y must be 2 finite numbers"),
        ([task(result(), image="1.png")] * 2, "'1' occurs twice"),
        ([task(result(), image=5)], "'image' must be a text"),
        (
            [task(result(), image="data:image/png;base64,iVBORw0KGgo=")],
            "task 1: its image is embedded, so its file is not named",
        ),
        ([task() | {"annotations": [], "predictions": [{}]}], "none of its 1 tasks has an annotation; predictions"),
        ([], "no landmarks"),
    ],
)
def test_malformed_exports_are_refused_by_their_name(tmp_path, tasks, reason):
    with pytest.raises(InvalidTable, match=rf"export.json: .*{reason}"):
        read(tmp_path, *tasks)
