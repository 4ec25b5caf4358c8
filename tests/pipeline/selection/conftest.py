"""A pool of phantom hands with what makes pools difficult."""

import shutil

import cv2
import pytest

from boneage.pipeline.data import load_collection


@pytest.fixture(scope="session")
def difficult_folder(known, tmp_path_factory):
    """Six phantom hands, nine copies of the first in other sizes and contrasts, and a file that is no picture."""
    folder = tmp_path_factory.mktemp("pool")
    for number in range(1, 7):
        shutil.copy(known / "images" / f"phantom{number:04d}.png", folder)
    picture = cv2.imread(str(folder / "phantom0001.png"), cv2.IMREAD_GRAYSCALE)
    for number in range(9):
        copy = cv2.resize(picture, None, fx=1 - 0.05 * number, fy=1 - 0.05 * number, interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(folder / f"phantom0001_copy{number}.png"), 20 + (0.9 - 0.05 * number) * copy)
    (folder / "phantom_broken.png").write_bytes(b"no picture")
    return folder


@pytest.fixture(scope="session")
def difficult(difficult_folder):
    """The collection of that folder."""
    return load_collection([difficult_folder])
