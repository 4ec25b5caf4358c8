"""Label maps as NIfTI files, and colour tables with the names of their labels."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def encode_label_map(labels: NDArray[np.uint8], spacing_mm: tuple[float, ...] | None = None) -> bytes:
    """Return a flat label map as a compressed NIfTI file, a byte a pixel.

    Rows run to the back and columns to the left, as 3D Slicer lays a radiograph.

    Parameters
    ----------
    labels : ndarray of uint8, shape (rows, columns)
    spacing_mm : tuple of float, optional
        Height and width of a pixel; 1 where not given, as the format has no other way.

    Examples
    --------
    >>> from boneage.imaging import read_scan
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "7.nii.gz")
    ...     n_bytes = path.write_bytes(encode_label_map(np.eye(20, 30, dtype=np.uint8), (0.2, 0.1)))
    ...     scan = read_scan(path)
    >>> scan.pixels.shape, np.round(scan.spacing, 3).tolist()
    ((20, 30), [0.2, 0.1])
    """
    import SimpleITK

    image = SimpleITK.GetImageFromArray(labels)
    image.SetSpacing([float(length) for length in (spacing_mm or (1.0, 1.0))[::-1]])
    with tempfile.TemporaryDirectory(prefix="boneage-") as folder:
        path = Path(folder, "labels.nii.gz")
        SimpleITK.WriteImage(image, str(path), useCompression=True)
        return path.read_bytes()


def format_colour_table(names: Mapping[int, str], colours: Mapping[int, tuple[int, int, int]]) -> str:
    """Return a colour table of 3D Slicer (``.ctbl``): number, name, red, green, blue and opacity of each label.

    Examples
    --------
    >>> print(format_colour_table({1: "distal radius"}, {1: (255, 0, 0)}), end="")
    # Color table file
    0 background 0 0 0 0
    1 distal_radius 255 0 0 255
    """
    lines = ["# Color table file", "0 background 0 0 0 0"]
    lines += [f"{k} {'_'.join(name.split())} {' '.join(map(str, colours[k]))} 255" for k, name in names.items()]
    return "\n".join(lines) + "\n"
