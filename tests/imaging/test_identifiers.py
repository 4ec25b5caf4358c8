import pytest

from boneage.imaging import scan_id


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("hand1.nii.gz", "hand1"),
        ("a.b.NII.GZ", "a.b"),
        ("hand.v2.png", "hand.v2"),
        ("hand.nii", "hand"),
        ("x.zip", "x"),
        ("noend", "noend"),
        (".nii.gz", ".nii"),
    ],
)
def test_an_id_is_the_name_without_folder_and_suffix(tmp_path, name, expected):
    assert scan_id(tmp_path / name) == expected


def test_a_folder_keeps_its_dots(tmp_path):
    (tmp_path / "1.3.12.nii").mkdir()
    assert scan_id(tmp_path / "1.3.12.nii") == "1.3.12.nii"
