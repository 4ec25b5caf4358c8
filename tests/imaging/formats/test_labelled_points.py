import numpy as np
import pytest

from boneage.imaging import Details, InvalidTable
from boneage.imaging.formats.labelled_points import ImageAnnotation, build_table


def test_what_an_image_lacks_is_absent_in_it():
    images = {"1": ImageAnnotation([("a", (1, 2)), ("b", None)], (9, 8), "L"), "2": ImageAnnotation([("c", (3, 4))])}
    table = build_table("file", images, remarks=["so"])
    assert table.names == ("a", "b", "c")
    assert np.array_equal(table.points["2"].positions, [[np.nan] * 2, [np.nan] * 2, [3, 4]], equal_nan=True)
    assert table.original_shapes == {"1": (9, 8)}
    assert table.laterality == {"1": "L"}
    assert table.remarks == ("so",)


def test_nothing_is_no_table():
    with pytest.raises(InvalidTable, match="no landmarks"):
        build_table("file", {"1": ImageAnnotation([])})


def test_an_image_file_of_unknown_name_is_a_png_of_its_id():
    details = Details({"1": "1.dcm"}, {})
    assert (details.file_name("1"), details.file_name("a.b")) == ("1.dcm", "a.b.png")
