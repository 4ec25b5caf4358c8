import resource

import numpy as np
import pytest

from boneage.imaging import read_ages, read_landmarks, read_scan
from boneage.imaging.errors import UnusableOutput
from boneage.imaging.phantoms import PHANTOM_PREFIX, VOLUME_LANDMARK_NAMES, write_other_phantoms, write_phantom_set

VOLUMES = {"modality": "mri", "spacing_mm": (3.0, 2.0, 2.0)}
FIRST, SECOND = f"{PHANTOM_PREFIX}0001", f"{PHANTOM_PREFIX}0002"


def test_a_set_reads_back_and_says_that_it_is_synthetic(tmp_path):
    write_phantom_set(tmp_path, 2, seed=5)
    scan = read_scan(tmp_path / "images" / f"{SECOND}.png")
    assert scan.phantom
    assert "synthetic" in (tmp_path / "README.txt").read_text()
    assert read_landmarks(tmp_path / "landmarks.csv").original_shapes[SECOND] == scan.pixels.shape
    assert 12 <= read_ages(tmp_path / "ages.csv")[SECOND].boneage_months <= 216


def test_a_set_of_volumes_reads_back_and_says_that_it_is_synthetic(tmp_path):
    write_phantom_set(tmp_path, 2, seed=5, **VOLUMES)
    scan = read_scan(tmp_path / "images" / f"{SECOND}.nii.gz")
    assert scan.phantom
    assert scan.modality == "mri"
    assert scan.spacing == pytest.approx(VOLUMES["spacing_mm"])
    assert np.allclose(scan.frame_to_original().matrix, np.eye(4))
    table = read_landmarks(tmp_path / "landmarks.csv")
    assert table.names == VOLUME_LANDMARK_NAMES
    assert table.points[SECOND].ndim == 3
    assert 96 <= read_ages(tmp_path / "ages.csv")[SECOND].boneage_months <= 240
    assert "synthetic" in (tmp_path / "README.txt").read_text()


@pytest.mark.parametrize(("suffix", "fields"), [("png", {}), ("nii.gz", VOLUMES)])
def test_a_hand_depends_neither_on_how_many_are_made_nor_on_the_jobs(tmp_path, suffix, fields):
    write_phantom_set(tmp_path / "one", 1, seed=3, **fields)
    write_phantom_set(tmp_path / "two", 2, seed=3, n_jobs=2, **fields)
    one, two = (read_scan(tmp_path / name / "images" / f"{FIRST}.{suffix}").pixels for name in ("one", "two"))
    assert np.array_equal(one, two)
    tables = [read_landmarks(tmp_path / name / "landmarks.csv").points[FIRST].positions for name in ("one", "two")]
    assert np.array_equal(*tables, equal_nan=True)


def test_pictures_that_are_no_hands_say_what_they_are_and_depend_neither_on_count_nor_jobs(tmp_path):
    write_other_phantoms(tmp_path / "one", "gradient", 1, seed=3)
    write_other_phantoms(tmp_path / "two", "gradient", 2, seed=3, n_jobs=2)
    name = f"{PHANTOM_PREFIX}_gradient0001.png"
    assert sorted(p.name for p in (tmp_path / "one" / "images").iterdir()) == [name]
    one, two = (read_scan(tmp_path / folder / "images" / name) for folder in ("one", "two"))
    assert one.phantom
    assert np.array_equal(one.pixels, two.pixels)
    assert "no hands" in (tmp_path / "one" / "README.txt").read_text()


def test_a_kind_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ValueError, match="got 'hand'"):
        write_other_phantoms(tmp_path, "hand", 1, seed=0)


@pytest.fixture
def full_disk():
    """No byte can be written into a file, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.usefixtures("full_disk")
@pytest.mark.parametrize("options", [{}, VOLUMES], ids=["xray", "mri"])
def test_a_full_disk_is_told_with_the_file(tmp_path, options):
    with pytest.raises(UnusableOutput, match=f"{FIRST}.*cannot be written"):
        write_phantom_set(tmp_path, 1, seed=5, **options)


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_is_told_with_the_file_of_another_phantom(tmp_path):
    with pytest.raises(UnusableOutput, match=r"phantom_gradient0001\.png: cannot be written"):
        write_other_phantoms(tmp_path, "gradient", 1, seed=5)


def test_a_file_in_a_folders_place_is_told(tmp_path):
    (tmp_path / "images").touch()
    with pytest.raises(UnusableOutput, match="images: cannot be written"):
        write_phantom_set(tmp_path, 1, seed=5)
