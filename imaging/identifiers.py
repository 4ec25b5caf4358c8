"""The id of an image: the name of its file without folder and suffix."""

from __future__ import annotations

from pathlib import Path

_DOUBLE_SUFFIX = ".nii.gz"


def scan_id(path: Path | str) -> str:
    """Return the id of an image, as tables name it: the file's stem, or the name of a folder of slices.

    Parameters
    ----------
    path : path-like
        A file, or a folder that exists; ``.nii.gz`` counts as one suffix, and a folder has none.

    Examples
    --------
    >>> [scan_id(name) for name in ("a/hand1.nii.gz", "hand.v2.png", "study.zip")]
    ['hand1', 'hand.v2', 'study']
    """
    path = Path(path)
    if path.name.lower().endswith(_DOUBLE_SUFFIX) and len(path.name) > len(_DOUBLE_SUFFIX):
        return path.name[: -len(_DOUBLE_SUFFIX)]
    return path.name if path.is_dir() else path.stem
