"""Files of any name, on a full disk or beside things in the way of outputs: every file has its row."""

import csv
import resource
import shutil

import pytest

from boneage.imaging import find_scans
from boneage.pipeline.batch.localisation import locate_files
from boneage.pipeline.batch.standardisation import standardise_files

NAMES = (
    "x" * 251 + ".png",
    "ü" * 125 + ".png",
    "\udcff.png",
    "a\nb.png",
    "-.png",
    "1#2.png",
    " .png",
    "²",
    '"a,b".png',
)


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def odd(new, tmp_path_factory):
    """One phantom hand under names as long or odd as file systems allow."""
    folder = tmp_path_factory.mktemp("odd")
    for name in NAMES:
        shutil.copy(new / "images" / "phantom0001.png", folder / name)
    return folder


def test_files_of_any_name_are_located_and_drawn(odd, localiser_file, tmp_path):
    results = locate_files(find_scans(odd), localiser_file, tmp_path, sizes={})
    assert {result.status for result in results} == {"ok"}
    assert len(rows_of(tmp_path / "files.csv")) == len(rows_of(tmp_path / "landmarks.csv")) == len(NAMES)
    assert len(list((tmp_path / "overlays").iterdir())) == len(NAMES)


def test_a_name_that_is_no_unicode_is_told_on_the_console(boneage, odd, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "\udcff.png").write_bytes(b"x")
    code, out, err = boneage("standardise", tmp_path / "in", "--out", tmp_path / "out")
    assert (code, "1 files: 0 ok" in out, "is not an image" in err) == (1, True, True)


@pytest.fixture
def no_large_files():
    """Pictures cannot be written, as on a disk that is nearly full."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**17, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.usefixtures("no_large_files")
def test_pictures_that_do_not_fit_on_the_disk_end_nothing(new, localiser_file, tmp_path):
    paths = find_scans(new / "images")
    located = locate_files(paths, localiser_file, tmp_path / "located", sizes={})
    assert [result.reason for result in located] == [
        "the overlay could not be drawn (cannot be written (File too large))"
    ] * 3
    standardised = standardise_files(paths, tmp_path / "standard", sizes={})
    assert all(result.reason.endswith("cannot be written (File too large)") for result in standardised)
    assert len(rows_of(tmp_path / "located" / "files.csv")) == 3
