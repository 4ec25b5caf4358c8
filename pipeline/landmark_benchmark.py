"""The localisation benchmark: seeded rounds of training and testing, one variant beside another, resumable."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from boneage.evaluation import LandmarkErrors, Reference, measure_landmarks
from boneage.imaging import Collection, Points, split_ids
from boneage.landmarks import PRESETS, ForestLocaliser, LocaliserSettings, with_vote_weight
from boneage.pipeline.outputs import UnusableOutput, prepare_folder, write_atomically
from boneage.pipeline.progress import Report
from boneage.pipeline.training import train_localiser

ERROR_COLUMNS = ("variant", "round", "id", "landmark", "error", "score")


@dataclass(frozen=True)
class Protocol:
    """How a benchmark is run.

    Parameters
    ----------
    rounds : int
        Each draws hands anew.
    n_train, n_test : int
        Hands to train on, and others to test on.
    seed : int
        Round number k, from 0, draws its hands and trains by ``seed + k``.
    """

    rounds: int = 10
    n_train: int = 43
    n_test: int = 17
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("rounds", 1), ("n_train", 2), ("n_test", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")


@dataclass(frozen=True, eq=False)
class Round:
    """What one round measured of one variant; the times are seconds, to train and to locate one hand."""

    variant: str
    number: int
    errors: LandmarkErrors
    training_s: float
    locating_s: float


@dataclass(frozen=True)
class _Draw:
    """The hands of one round."""

    number: int
    seed: int
    train: tuple[str, ...]
    test: tuple[str, ...]


def name_variants(asked: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the variants to measure, by the preset whose training they share.

    Every preset is measured with its vote weighting and with vote weight 1. ``uniform`` is the published recipe with
    vote weight 1 alone.

    Raises
    ------
    ValueError
        If a name is not known, or none is given.

    Examples
    --------
    >>> name_variants(["uniform", "fast"])
    {'paper': ('paper, vote weight 1',), 'fast': ('fast', 'fast, vote weight 1')}
    """
    chosen: dict[str, tuple[str, ...]] = {}
    for name in asked:
        if name in PRESETS:
            chosen[name] = (name, _name_equal(name))
        elif name == "uniform":
            chosen.setdefault("paper", (_name_equal("paper"),))
        else:
            raise ValueError(f"variants to compare are uniform, {', '.join(PRESETS)}, got {name!r}")
    if not chosen:
        raise ValueError("no variant to compare is given")
    return chosen


def run_benchmark(
    collection: Collection,
    variants: Mapping[str, Sequence[str]],
    protocol: Protocol,
    folder: Path,
    *,
    reference: Reference | None,
    jobs: int,
    report: Report | None = None,
) -> list[Round]:
    """Measure every variant in every round; rounds that ``folder`` already holds are not run again.

    1. Draw the round's hands among those with landmarks.
    2. Train each preset on the one part.
    3. Locate in the other part, with the votes weighted and with weight 1, and measure.

    Parameters
    ----------
    collection : Collection
        With landmarks.
    variants : mapping
        From :func:`name_variants`.
    protocol : Protocol
    folder : Path
        Keeps a file for each round and preset.
    reference : Reference or None
        The unit of the errors; pixels of the original image if not given.
    jobs : int
        Threads used for training; the errors are the same for any number.
    report : callable, optional

    Raises
    ------
    ValueError
        If there are fewer hands with landmarks than a round draws.
    UnusableOutput
        If the folder cannot be written to, or holds rounds of another benchmark.
    """
    kept = prepare_folder(folder)
    rounds: list[Round] = []
    for number in range(protocol.rounds):
        seed = protocol.seed + number
        train, test = split_ids(collection.annotated_ids, protocol.n_train, protocol.n_test, seed)
        draw = _Draw(number, seed, tuple(train), tuple(test))
        for preset, names in variants.items():
            path = kept / f"{preset}-{number:02d}.json"
            key = _fingerprint(PRESETS[preset](), draw, reference)
            measured = _read_rounds(path, key)
            if not measured:
                measured = _run_round(collection, preset, draw, reference, jobs)
                _write_rounds(path, key, measured)
            rounds += [measure for measure in measured if measure.variant in names]
            if report:
                report(preset, (number + 1) / protocol.rounds)
    return rounds


def join_rounds(rounds: Sequence[Round]) -> LandmarkErrors:
    """Return the errors of some rounds of one variant as one; a hand tested twice is there twice."""
    first = rounds[0].errors
    return LandmarkErrors(
        tuple(id_ for measure in rounds for id_ in measure.errors.ids),
        first.names,
        np.concatenate([measure.errors.distances for measure in rounds]),
        first.unit,
        np.concatenate([measure.errors.scores for measure in rounds]),
    )


def error_rows(rounds: Sequence[Round]) -> Iterator[dict[str, object]]:
    """Yield a row for every annotated landmark of every test hand; the error is NaN where none was found."""
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


def _run_round(collection: Collection, preset: str, draw: _Draw, reference: Reference | None, jobs: int) -> list[Round]:
    settings = PRESETS[preset]()
    begun = time.perf_counter()
    localiser, _, _ = train_localiser(collection.subset(draw.train), settings, seed=draw.seed, jobs=jobs)
    training_s = time.perf_counter() - begun
    # The trees are the same: votes are weighted when they are cast.
    config, arrays = localiser.to_state()
    equal = dataclasses.asdict(with_vote_weight(settings, "uniform"))
    voters = {preset: localiser, _name_equal(preset): ForestLocaliser.from_state({**config, "settings": equal}, arrays)}
    truth = {id_: points for id_ in draw.test if (points := collection.points(id_)) is not None}
    found: dict[str, dict[str, Points]] = {name: {} for name in voters}
    spent = dict.fromkeys(voters, 0.0)
    for id_ in truth:
        scan = collection.scan(id_)
        for name, voter in voters.items():
            begun = time.perf_counter()
            found[name][id_] = voter.locate(scan)
            spent[name] += time.perf_counter() - begun
    return [
        Round(name, draw.number, measure_landmarks(found[name], truth, reference), training_s, spent[name] / len(truth))
        for name in voters
    ]


def _name_equal(preset: str) -> str:
    return f"{preset}, vote weight 1"


def _fingerprint(settings: LocaliserSettings, draw: _Draw, reference: Reference | None) -> str:
    unit = dataclasses.asdict(reference) if reference else None
    plan = [dataclasses.asdict(settings), draw.seed, draw.train, draw.test, unit]
    return hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()


def _write_rounds(path: Path, key: str, measured: Sequence[Round]) -> None:
    content: dict[str, Any] = {"key": key, "rounds": []}
    for m in measured:
        e = m.errors
        content["rounds"].append(
            {
                "variant": m.variant,
                "number": m.number,
                "training_s": m.training_s,
                "locating_s": m.locating_s,
                "unit": e.unit,
                "ids": e.ids,
                "names": e.names,
                "distances": e.distances.tolist(),
                "scores": e.scores.tolist(),
            }
        )
    write_atomically(path, json.dumps(content))


def _read_rounds(path: Path, key: str) -> list[Round]:
    if not path.exists():
        return []
    try:
        content = json.loads(path.read_text())
        if content["key"] != key:
            raise UnusableOutput(path, "is a round of another benchmark: choose another folder, or remove this one")
        return [
            Round(
                m["variant"],
                int(m["number"]),
                LandmarkErrors(
                    tuple(m["ids"]),
                    tuple(m["names"]),
                    np.array(m["distances"], dtype=np.float64),
                    m["unit"],
                    np.array(m["scores"], dtype=np.float64),
                ),
                float(m["training_s"]),
                float(m["locating_s"]),
            )
            for m in content["rounds"]
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnusableOutput(path, f"is no round of a benchmark ({error}): remove it") from error
