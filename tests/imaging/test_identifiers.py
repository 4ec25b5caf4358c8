from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boneage.imaging.identifiers import name_files, scan_id
from boneage.imaging.matching import match_rows


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


def test_every_file_has_a_unique_id():
    paths = [Path(p) for p in ("a/x/1.png", "b/x/1.png", "b/x/1.dcm", "b/x/2.png")]
    assert name_files(paths) == ["a_x_1.png", "b_x_1.png", "1.dcm", "2"]
    assert name_files([]) == []
    assert name_files([Path("a/1.png")] * 3) == ["a_1.png", "a_1.png~2", "a_1.png~3"]


def name_by_depth(paths):
    """Ids by as much of the path as tells files apart, which may repeat."""
    ids = [scan_id(path) for path in paths]
    for depth in range(1, 1 + max((len(path.parts) for path in paths), default=0)):
        ids = ["_".join(p.parts[-depth:]) if ids.count(id_) > 1 else id_ for id_, p in zip(ids, paths, strict=True)]
    return ids


@given(st.lists(st.lists(st.sampled_from(["a", "b", "a_b", "b.png", "a_b.png.png", "b~2"]), min_size=1, max_size=3)))
def test_ids_are_unique_for_any_paths_and_as_they_were_where_they_were_unique(parts):
    paths = [Path(*some) for some in parts]
    ids, before = name_files(paths), name_by_depth(paths)
    assert len(set(ids)) == len(paths)
    if len(set(before)) == len(paths):
        assert ids == before


def test_a_number_after_the_last_dot_is_no_suffix(tmp_path):
    path = tmp_path / "1.2.840.113619.7"
    path.touch()
    assert scan_id(path) == "1.2.840.113619.7"


def test_ids_are_composed_and_match_either_form(tmp_path):
    composed, decomposed = "h\u00e4nd", "ha\u0308nd"
    path = tmp_path / f"{decomposed}.png"
    for id_ in (composed, decomposed, f"{composed}.png"):
        assert match_rows([id_], [path], "sexes").rows == {path: id_}
