"""A small landmark table to write and read back."""

import numpy as np

from boneage.imaging import Details, LandmarkTable, Points, read_landmarks, render_landmarks

NO_DETAILS = Details({}, {})


def small_table(path="table"):
    """Three images of three landmarks: one whole, one in part, one without any; two sizes and sides are known."""
    names = ("tip & top", "knöchel", "c")
    points = {
        "7": Points(names, [[10.25, 20.5], [0, 0], [99.125, 3]]),
        "scan.v2": Points(names, [[1, 2], [np.nan, np.nan], [5, 6]]),
        "9": Points(names, np.full((3, 2), np.nan)),
    }
    return LandmarkTable(path, names, points, {"7": (100, 60), "9": (31, 17)}, {"7": "R", "scan.v2": "L"})


def write(folder, texts):
    """Write what a format renders; return the path to read."""
    for name, text in texts.items():
        (folder / (name or "file")).write_text(text, encoding="utf-8")
    return folder / "file" if "" in texts else folder


def there_and_back(table, name, folder, details=NO_DETAILS):
    """Write a table in a format and read it."""
    folder.mkdir(exist_ok=True)
    return read_landmarks(write(folder, render_landmarks(table, name, details)))


def assert_same_points(read, expected):
    """Check that two tables have the same landmarks in the same places, in any order."""
    assert set(read.points) == set(expected.points)
    assert set(read.names) == set(expected.names)
    for id_, points in expected.points.items():
        positions = read.points[id_].select(expected.names).positions
        assert np.allclose(positions, points.positions, atol=5.1e-4, rtol=0, equal_nan=True)
