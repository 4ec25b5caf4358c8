"""Landmark schemes: which landmarks belong to which bones, and which are joined by a line when drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from boneage.imaging.errors import InvalidInput, InvalidTable
from boneage.imaging.structured_text import read_json

SHIPPED = Path(str(files("boneage.imaging"))) / "landmark_schemes"


@dataclass(frozen=True)
class LandmarkScheme:
    """Groups and lines of a set of landmarks. The localiser does not need one.

    Parameters
    ----------
    name : str
    groups : mapping of tuple of str
        Landmark names by group, for instance by bone; a landmark is in one group at most.
    pairs : tuple of pairs of str
        Landmarks to join with a line.
    order : tuple of str
        Empty, or the two landmarks by which others that share a label, such as three boxes called ``MCP``, are
        numbered ``MCP_1``, ``MCP_2``, ``MCP_3``: from the side of the first to the side of the second.

    Raises
    ------
    ValueError
        If the name is blank, there is no landmark, a group is empty, a landmark is in two groups or twice in one,
        or a pair, or the order, does not name two different landmarks of the groups.
    """

    name: str
    groups: Mapping[str, tuple[str, ...]]
    pairs: tuple[tuple[str, str], ...] = ()
    order: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = self.names
        twice = sorted({name for name in names if names.count(name) > 1})
        if not self.name.strip() or not names:
            raise InvalidInput("a scheme needs a name, and groups with landmarks in them")
        if any(not group.strip() or not members for group, members in self.groups.items()):
            raise InvalidInput("every group needs a name and at least one landmark")
        if twice:
            raise InvalidInput(f"a landmark can be in one group only, but {twice[0]!r} occurs twice")
        for pair in self.pairs:
            if len(set(pair)) != 2 or not set(pair) <= set(names):
                raise InvalidInput(f"a pair must join two different landmarks of the groups, got {' and '.join(pair)}")
        if self.order and (len(set(self.order)) != 2 or len(self.order) != 2 or not set(self.order) <= set(names)):
            raise InvalidInput(f"the order must name two different landmarks, got {' and '.join(self.order)}")

    @property
    def names(self) -> tuple[str, ...]:
        """Every landmark, group by group."""
        return tuple(name for members in self.groups.values() for name in members)


def read_scheme(path_or_name: Path | str) -> LandmarkScheme:
    """Read a scheme file, or a shipped scheme by its name.

    Shipped are ``hand40``, ``hand37``, ``hand34``, ``hand21``, ``hand18`` and ``hand17``. A scheme file is JSON:
    ``{"name": …, "groups": {"radius": ["NAME", …], …}, "pairs": [["NAME", "NAME"], …]}``;
    ``pairs`` and ``order`` may be left out.

    Raises
    ------
    InvalidTable
        If there is no such file or shipped scheme, or it is not as described.

    Examples
    --------
    >>> list(read_scheme("hand37").groups)
    ['ulna', 'radius', 'carpals', 'metacarpals', 'phalanges']
    """
    path = Path(path_or_name)
    if str(path_or_name) in _shipped_names():
        path = SHIPPED / f"{path_or_name}.json"
    elif not path.exists():
        raise InvalidTable(path, f"is neither a file nor a shipped scheme ({', '.join(_shipped_names())})")
    try:
        return _scheme_from_json(read_json(path))
    except InvalidTable:
        raise
    except ValueError as error:
        raise InvalidTable(path, str(error)) from None


def find_scheme(names: Sequence[str]) -> LandmarkScheme | None:
    """Return the smallest shipped scheme that has all of the landmarks ``names``; None if there is none.

    Examples
    --------
    >>> scheme = find_scheme(["radius_styloid_tip", "index_tip"])
    >>> scheme.name if scheme else None
    'hand37'
    """
    if not names:
        return None
    schemes = sorted(shipped_schemes(), key=lambda scheme: len(scheme.names))
    return next((scheme for scheme in schemes if set(names) <= set(scheme.names)), None)


def shipped_schemes() -> list[LandmarkScheme]:
    """Return every shipped scheme."""
    return [read_scheme(name) for name in _shipped_names()]


def _shipped_names() -> list[str]:
    return sorted(path.stem for path in SHIPPED.glob("*.json"))


def _scheme_from_json(data: Any) -> LandmarkScheme:
    if not isinstance(data, dict) or not isinstance(data.get("name"), str):
        raise InvalidInput("a scheme must be a JSON object with a name")
    groups, pairs = data.get("groups"), data.get("pairs", [])
    if not isinstance(groups, dict) or not all(map(_are_names, groups.values())):
        raise InvalidInput("groups must be an object of lists of landmark names")
    if not isinstance(pairs, list) or not all(_are_names(pair) and len(pair) == 2 for pair in pairs):
        raise InvalidInput("pairs must be a list of pairs of landmark names")
    order = data.get("order", [])
    if not _are_names(order):
        raise InvalidInput("order must be a list of two landmark names")
    unknown = sorted(data.keys() - {"name", "groups", "pairs", "order"})
    if unknown:
        raise InvalidInput(f"has the field {unknown[0]!r}; a scheme has name, groups, pairs and order")
    return LandmarkScheme(
        data["name"],
        {group: tuple(members) for group, members in groups.items()},
        tuple((first, second) for first, second in pairs),
        tuple(order),
    )


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) and name for name in value)
