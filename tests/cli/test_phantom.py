from typing import get_args

from boneage.cli.phantom import Anatomy
from boneage.imaging import read_ages, read_landmarks, read_scan
from boneage.imaging.phantoms import OTHER_PHANTOMS


def test_a_set_of_hands_is_written_that_says_what_it_is(boneage, tmp_path):
    code, out, _ = boneage("phantom", tmp_path / "p", "--count", 2, "--seed", 5)
    assert code == 0
    assert "no evidence about real hands" in out
    assert (
        len(read_landmarks(tmp_path / "p" / "landmarks.csv").points) == len(read_ages(tmp_path / "p" / "ages.csv")) == 2
    )
    assert read_scan(tmp_path / "p" / "images" / "phantom0002.png").phantom
    assert "synthetic" in (tmp_path / "p" / "README.txt").read_text()


def test_hand_k_is_the_same_whatever_the_count_and_another_with_another_seed(boneage, tmp_path):
    for name, count, seed in (("a", 1, 5), ("b", 2, 5), ("c", 1, 6)):
        assert boneage("phantom", tmp_path / name, "--count", count, "--seed", seed)[0] == 0
    a, b, c = ((tmp_path / n / "images" / "phantom0001.png").read_bytes() for n in "abc")
    assert a == b
    assert a != c


def test_volumes_are_made_where_they_are_asked_for(boneage, tmp_path):
    code, out, _ = boneage("phantom", tmp_path / "p", "--count", 1, "--modality", "mri", "--coarse", "--jobs", 2)
    assert code == 0
    assert "no evidence about real hands" in out
    assert read_scan(tmp_path / "p" / "images" / "phantom0001.nii.gz").pixels.shape == (29, 284, 160)
    assert boneage("phantom", tmp_path / "q", "--coarse")[0] == 2


def test_what_is_no_hand_is_made_where_it_is_asked_for(boneage, tmp_path):
    code, out, _ = boneage("phantom", tmp_path / "p", "--count", 1, "--anatomy", "two-hands")
    assert code == 0
    assert "1 phantoms (two-hands)" in out
    assert read_scan(tmp_path / "p" / "images" / "phantom_two-hands0001.png").phantom
    assert not (tmp_path / "p" / "landmarks.csv").exists()
    assert boneage("phantom", tmp_path / "q", "--anatomy", "foot", "--modality", "mri")[0] == 2


def test_the_command_names_every_kind():
    assert get_args(Anatomy) == ("hand", *OTHER_PHANTOMS)
