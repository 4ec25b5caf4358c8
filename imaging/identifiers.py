"""The id of an image: the name of its file without folder and suffix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence
from itertools import chain, count
from pathlib import Path, PurePosixPath

_DOUBLE_SUFFIX = ".nii.gz"


def scan_id(path: Path | str) -> str:
    """Return the id of an image, as tables name it: the file's stem, or the name of a folder of slices.

    Parameters
    ----------
    path : path-like
        A file, or a folder that exists; ``.nii.gz`` counts as one suffix, a number is none, and a folder has none.

    Examples
    --------
    >>> [scan_id(name) for name in ("a/hand1.nii.gz", "hand.v2.png", "study.zip", "1.2.840.5")]
    ['hand1', 'hand.v2', 'study', '1.2.840.5']
    """
    path = Path(path)
    id_ = file_id(path.name)
    return path.name if id_ != path.name and path.is_dir() else id_


def file_id(name: str) -> str:
    """Return the id of a file by its name alone, which need not be that of a file.

    Examples
    --------
    >>> file_id("hand1.NII.GZ"), file_id("12.1")
    ('hand1', '12.1')
    """
    if name.lower().endswith(_DOUBLE_SUFFIX) and len(name) > len(_DOUBLE_SUFFIX):
        return name[: -len(_DOUBLE_SUFFIX)]
    path = PurePosixPath(name)
    return path.name if path.suffix[1:].isdecimal() else path.stem


def name_files(paths: Sequence[Path]) -> list[str]:
    """Return a unique id for each file: that of :func:`scan_id`, or as much of its path as no other file shares.

    What is alike even then, such as the same path twice, is numbered from the second on.

    Examples
    --------
    >>> name_files([Path("a/1.png"), Path("a/2.png"), Path("a/2.dcm"), Path("b/2.png")])
    ['1', 'a_2.png', '2.dcm', 'b_2.png']
    >>> name_files([Path("a/b.png"), Path("c/b.png"), Path("a_b.png.png")])
    ['a_b.png', 'c_b.png', 'a_b.png~2']
    """
    ids = [scan_id(path) for path in paths]
    for depth in range(1, 1 + max((len(path.parts) for path in paths), default=0)):
        counts = Counter(ids)
        ids = ["_".join(p.parts[-depth:]) if counts[id_] > 1 else id_ for id_, p in zip(ids, paths, strict=True)]
    return _number_repeats(ids)


def name_part(id_: str, number: int, taken: Container[str]) -> str:
    """Return the id of a part of a file: the file's for the first, then numbered; none of those that are taken.

    Examples
    --------
    >>> [name_part("1", number, {"1", "2"}) for number in (1, 2, 3)]
    ['1', '1#2', '1#3']
    >>> name_part("1", 2, {"1", "1#2"})
    '1#2~2'
    """
    if number == 1:
        return id_
    name = f"{id_}#{number}"
    return next(free for free in chain([name], (f"{name}~{k}" for k in count(2))) if free not in taken)


def _number_repeats(ids: Sequence[str]) -> list[str]:
    taken, unique, counts = set(ids), [], Counter[str]()
    for id_ in ids:
        counts[id_] += 1
        name = id_
        while counts[id_] > 1 and name in taken:
            name = f"{id_}~{counts[id_]}"
            counts[id_] += name in taken
        taken.add(name)
        unique.append(name)
    return unique
