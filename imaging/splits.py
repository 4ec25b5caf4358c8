"""A reproducible division of hands into training, validation and test: by the hash of the id."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from typing import Literal

Part = Literal["train", "validation", "test"]

SALT = "boneage age split 1"
"""Salt of the division behind the figures in docs/benchmarks.md; another salt gives another division."""

_TRAIN, _VALIDATION = 0.8, 0.9  # the rest is the test part


def assign_split(id_: str, salt: str = SALT) -> Part:
    """Return the part that an id belongs to: 80 % training, 10 % validation, 10 % test.

    The first 8 bytes of the SHA-256 of ``salt:id`` are a number in [0, 1); below 0.8 is training, below 0.9 validation.
    The part of an id does not depend on the other ids.

    Examples
    --------
    >>> [assign_split(id_) for id_ in ("1377", "1378", "1388")]
    ['validation', 'train', 'test']
    """
    digest = hashlib.sha256(f"{salt}:{id_}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    return "train" if place < _TRAIN else "validation" if place < _VALIDATION else "test"


def split_by_hash(
    ids: Iterable[str], *, never_test: Collection[str] = (), leave_out: Collection[str] = (), salt: str = SALT
) -> dict[Part, list[str]]:
    """Divide ids by :func:`assign_split`.

    Parameters
    ----------
    ids : iterable of str
    never_test : collection of str
        Ids that the localiser was trained with: they go to training instead of test.
    leave_out : collection of str
        Ids that are in no part, even where ``never_test`` has them.
    salt : str
    """
    never, out = set(never_test), set(leave_out)
    parts: dict[Part, list[str]] = {"train": [], "validation": [], "test": []}
    for id_ in ids:
        part = assign_split(id_, salt)
        if id_ not in out:
            parts["train" if part == "test" and id_ in never else part].append(id_)
    return parts
