import pytest

from boneage.imaging import InvalidTable
from boneage.imaging.formats.fields import get_field, get_numbers, shorten, stem_of


def test_a_field_of_the_right_kind_is_returned():
    assert get_field("file", "here", {"a": [1]}, "a", list) == [1]


@pytest.mark.parametrize(
    ("data", "reason"), [([], "must be an object"), ({}, "got nothing"), ({"a": 3}, "a list, got 3")]
)
def test_other_fields_are_refused(data, reason):
    with pytest.raises(InvalidTable, match=rf"file: here.*{reason}"):
        get_field("file", "here", data, "a", list)


@pytest.mark.parametrize("values", [None, [1], [1, "2"], [1, True], [1, float("nan")], [1, 10**400]])
def test_only_finite_numbers_of_the_right_count_are_numbers(values):
    with pytest.raises(InvalidTable, match="here must be 2 finite numbers"):
        get_numbers("file", "here", values, 2)


def test_long_values_are_cut_short():
    assert len(shorten(list(range(1000)))) == 60


@pytest.mark.parametrize("name", ["a.b.png", "x/a.b.png", "C:\\x\\a.b.png"])
def test_the_stem_is_the_same_on_every_system(name):
    assert stem_of(name) == "a.b"


def test_a_stem_needs_no_file_of_that_name(tmp_path, monkeypatch):
    (tmp_path / "a.png").mkdir()
    monkeypatch.chdir(tmp_path)
    assert stem_of("images/a.png") == "a"
    assert stem_of("x" * 5000 + ".png") == "x" * 5000
