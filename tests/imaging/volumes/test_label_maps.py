import numpy as np
import pytest
import SimpleITK

from boneage.imaging.volumes.label_maps import encode_label_map, format_colour_table


@pytest.fixture
def labels():
    """Twelve rows of 20 columns: a block numbered 7, and one without a name."""
    labels = np.zeros((12, 20), np.uint8)
    labels[2:5, 3:9] = 7
    labels[8:10, 15:18] = 255
    return labels


def test_another_reader_finds_the_numbers_bytes_spacing_and_axes(labels, tmp_path):
    path = tmp_path / "a.nii.gz"
    path.write_bytes(encode_label_map(labels, (0.2, 0.1)))
    image = SimpleITK.ReadImage(str(path))
    assert np.array_equal(SimpleITK.GetArrayFromImage(image), labels)
    assert image.GetPixelID() == SimpleITK.sitkUInt8
    assert image.GetSpacing() == pytest.approx((0.1, 0.2))  # of columns, of rows
    assert image.GetDirection() == (1, 0, 0, 1)
    assert image.GetOrigin() == (0, 0)


def test_without_spacing_a_pixel_is_one_wide_and_the_same_map_gives_the_same_file(labels, tmp_path):
    content = encode_label_map(labels)
    (tmp_path / "a.nii.gz").write_bytes(content)
    assert SimpleITK.ReadImage(str(tmp_path / "a.nii.gz")).GetSpacing() == (1, 1)
    assert encode_label_map(labels) == content


def test_a_colour_table_has_a_line_of_six_words_for_each_label():
    text = format_colour_table({1: "radius", 255: "no name"}, {1: (255, 128, 0), 255: (255, 255, 255)})
    first, *lines = text.splitlines()
    assert first == "# Color table file"
    assert [line.split() for line in lines] == [
        ["0", "background", "0", "0", "0", "0"],
        ["1", "radius", "255", "128", "0", "255"],
        ["255", "no_name", "255", "255", "255", "255"],
    ]
