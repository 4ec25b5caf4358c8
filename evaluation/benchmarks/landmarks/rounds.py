"""What the rounds of a benchmark measured: joined, as rows of a table, and stored so that none is run twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from boneage.evaluation.benchmarks.checkpoint import load_measured, save_measured
from boneage.evaluation.metrics import Case, LandmarkErrors

ERROR_COLUMNS = ("variant", "round", "id", "landmark", "error", "score")


@dataclass(frozen=True, eq=False)
class Round:
    """What one round measured of one variant.

    Parameters
    ----------
    variant : str
    number : int
    errors : LandmarkErrors
    training_s, locating_s : float
        Seconds, to train and to locate one image.
    pictures : tuple of (Case, Path)
        Of the round's worst cases, where pictures were asked for.
    """

    variant: str
    number: int
    errors: LandmarkErrors
    training_s: float
    locating_s: float
    pictures: tuple[tuple[Case, Path], ...] = ()


def join_rounds(rounds: Sequence[Round]) -> LandmarkErrors:
    """Return the errors of some rounds of one variant as one; an image tested twice is there twice."""
    parts = [measure.errors for measure in rounds]
    return LandmarkErrors(
        tuple(id_ for errors in parts for id_ in errors.ids),
        parts[0].names,
        np.concatenate([errors.distances for errors in parts]),
        parts[0].unit,
        np.concatenate([errors.scores for errors in parts]),
        lengths=np.concatenate([errors.lengths for errors in parts]),
    )


def error_rows(rounds: Sequence[Round]) -> Iterator[dict[str, object]]:
    """Yield a row for every annotated landmark of every test image; the error is NaN where none was found."""
    for measure in rounds:
        for id_, name, error, score in measure.errors.annotated():
            yield {
                "variant": measure.variant,
                "round": measure.number,
                "id": id_,
                "landmark": name,
                "error": f"{error:.4f}",
                "score": f"{score:.4f}",
            }


def write_rounds(path: Path, key: str, measured: Sequence[Round]) -> None:
    """Write the rounds of one split and preset; ``key`` names the benchmark's settings."""
    content: list[dict[str, Any]] = []
    for m in measured:
        content.append(
            {
                "variant": m.variant,
                "number": m.number,
                "training_s": m.training_s,
                "locating_s": m.locating_s,
                "unit": m.errors.unit,
                "ids": m.errors.ids,
                "names": m.errors.names,
                "distances": m.errors.distances.tolist(),
                "scores": m.errors.scores.tolist(),
                "lengths": m.errors.lengths.tolist(),
                "pictures": [{**asdict(case), "file": picture.name} for case, picture in m.pictures],
            }
        )
    save_measured(path, key, content)


def read_rounds(path: Path, key: str) -> list[Round]:
    """Read rounds; none if there is no such file.

    Raises
    ------
    UnusableOutput
        If the file is damaged, or holds rounds of another benchmark.
    """
    return load_measured(path, key, lambda rounds: [_read_round(m, path.parent) for m in rounds]) or []


def _read_round(m: dict[str, Any], folder: Path) -> Round:
    errors = LandmarkErrors(
        tuple(m["ids"]),
        tuple(m["names"]),
        np.array(m["distances"], dtype=np.float64),
        m["unit"],
        np.array(m["scores"], dtype=np.float64),
        lengths=np.array(m["lengths"], dtype=np.float64),
    )
    pictures = tuple(
        (Case(p["id"], p["landmark"], float(p["error"]), float(p["score"])), folder / Path(p["file"]).name)
        for p in m["pictures"]
    )
    return Round(m["variant"], int(m["number"]), errors, float(m["training_s"]), float(m["locating_s"]), pictures)
