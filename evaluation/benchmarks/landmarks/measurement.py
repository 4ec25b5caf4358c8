"""What the localisation benchmark measures: seeded rounds of training and testing, resumable."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from boneage.evaluation.benchmarks.landmarks.rounds import Round, read_rounds, write_rounds
from boneage.evaluation.benchmarks.splits import CrossValidation, RandomSplits, Split
from boneage.evaluation.metrics import LandmarkErrors, Reference, find_cases, measure_landmarks, select_worst_cases
from boneage.evaluation.reports.landmarks.worst_cases import draw_cases
from boneage.imaging import Collection, Points
from boneage.imaging.errors import InvalidInput
from boneage.imaging.progress import Progress
from boneage.landmarks import PRESETS, ForestLocaliser, LocaliserSettings, with_vote_weight
from boneage.pipeline.storage.output import prepare_folder, write_atomically
from boneage.pipeline.training.crop_cache import fingerprint
from boneage.pipeline.training.crop_steps import describe_points
from boneage.pipeline.training.localiser import train_localiser
from boneage.pipeline.units import convert_to_mm, read_spacings


def name_variants(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
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
    for name in names:
        if name in PRESETS:
            chosen[name] = (name, _name_unweighted(name))
        elif name == "uniform":
            chosen.setdefault("paper", (_name_unweighted("paper"),))
        else:
            raise InvalidInput(f"variants to compare are uniform, {', '.join(PRESETS)}, got {name!r}")
    if not chosen:
        raise InvalidInput("no variant to compare is given")
    return chosen


def measure_variants(
    collection: Collection,
    variants: Mapping[str, Sequence[str]],
    splits: RandomSplits | CrossValidation,
    folder: Path,
    *,
    reference: Reference | None,
    jobs: int,
    pictures: bool = True,
    report: Progress | None = None,
) -> list[Round]:
    """Measure every variant in every round; rounds that ``folder`` already holds are not run again.

    1. Draw the images of all rounds among those with landmarks.
    2. Train each preset on the one part.
    3. Locate in the other part, with the votes weighted and with weight 1, and measure.
    4. Draw the worst cases of each preset's first variant while its localiser is at hand.

    Parameters
    ----------
    collection : Collection
        With landmarks.
    variants : mapping
        From :func:`name_variants`.
    splits : RandomSplits or CrossValidation
    folder : Path
        Stores a file for each round and preset, and the pictures of its worst cases.
    reference : Reference or None
        The unit of the errors; pixels of the original image, or millimetres of a volume, if not given.
    jobs : int
        Threads used for training; the errors are the same for any number.
    pictures : bool
        Whether to draw the worst cases.
    report : callable, optional

    Raises
    ------
    ValueError
        If there are fewer images with landmarks than the splits need.
    UnusableOutput
        If the folder cannot be written to, or holds rounds of another benchmark.
    """
    rounds_folder = prepare_folder(folder)
    rounds: list[Round] = []
    images = splits.split(collection.annotated_ids)
    for split in images:
        for preset, names in variants.items():
            path = round_file(rounds_folder, preset, split.number)
            key = _make_key(PRESETS[preset](collection.ndim), split, reference, collection)
            measured = read_rounds(path, key)
            if not measured:
                pictured = names[0] if pictures else ""
                measured = _run_round(collection, preset, split, reference, jobs, path, pictured)
                write_rounds(path, key, measured)
            rounds += [measure for measure in measured if measure.variant in names]
            if report:
                report(preset, (split.number + 1) / len(images))
    return rounds


def round_file(folder: Path, preset: str, number: int) -> Path:
    """Return the file that stores a round of a preset."""
    return folder / f"{preset}-{number:02d}.json"


def _run_round(
    collection: Collection,
    preset: str,
    split: Split,
    reference: Reference | None,
    jobs: int,
    path: Path,
    pictured: str,
) -> list[Round]:
    """Measure both weightings of a preset; draw the worst cases of the variant ``pictured`` beside ``path``."""
    settings = PRESETS[preset](collection.ndim)
    start = time.perf_counter()
    localiser, summary, _ = train_localiser(collection.subset(split.train), settings, seed=split.seed, jobs=jobs)
    training_s = time.perf_counter() - start
    # The trees are the same: votes are weighted when they are cast.
    ids = summary["ids"]
    annotated = [points for id_ in ids if (points := collection.points(id_)) is not None]
    equal = localiser.with_settings(with_vote_weight(settings, "uniform"), collection.scans(ids), annotated)
    voters = {preset: localiser, _name_unweighted(preset): equal}
    truth = {id_: points for id_ in split.test if (points := collection.points(id_)) is not None}
    rounds = []
    for name, voter in voters.items():
        found: dict[str, Points] = {}
        elapsed_s = 0.0
        for id_ in truth:
            scan = collection.scan(id_)
            start = time.perf_counter()
            found[id_] = voter.locate(scan)
            elapsed_s += time.perf_counter() - start
        errors = _measure(collection, found, truth, reference)
        measured = Round(name, split.number, errors, training_s, elapsed_s / max(len(truth), 1))
        if name == pictured:
            measured = _with_pictures(measured, collection, voter, found, truth, path)
        rounds.append(measured)
    return rounds


def _measure(
    collection: Collection, found: Mapping[str, Points], truth: Mapping[str, Points], reference: Reference | None
) -> LandmarkErrors:
    """Measure landmarks, those of volumes in millimetres."""
    if all(points.ndim == 2 for points in truth.values()):
        return measure_landmarks(found, truth, reference)
    spacings = read_spacings(truth, collection)
    return measure_landmarks(convert_to_mm(found, spacings), convert_to_mm(truth, spacings), reference, unit="mm")


def _with_pictures(
    measured: Round,
    collection: Collection,
    localiser: ForestLocaliser,
    found: Mapping[str, Points],
    truth: Mapping[str, Points],
    path: Path,
) -> Round:
    """Return a round with pictures of its worst cases, written beside ``path``."""
    worst = select_worst_cases(find_cases(measured.errors))
    pictures = []
    for number, (case, png) in enumerate(draw_cases(worst, collection.scan, found, truth, localiser)):
        file = path.with_name(f"{path.stem}-case-{number:02d}.png")
        write_atomically(file, png)
        pictures.append((case, file))
    return dataclasses.replace(measured, pictures=tuple(pictures))


def _name_unweighted(preset: str) -> str:
    """Return the name of a preset's variant without vote weighting."""
    return f"{preset}, vote weight 1"


def _make_key(settings: LocaliserSettings, split: Split, reference: Reference | None, collection: Collection) -> str:
    """Return a digest of what a round measures, but not of the code that measures it."""
    unit = dataclasses.asdict(reference) if reference else None
    truth = {id_: describe_points(collection.points(id_)) for id_ in (*split.train, *split.test)}
    return fingerprint(dataclasses.asdict(settings), split.seed, split.train, split.test, unit, truth)
