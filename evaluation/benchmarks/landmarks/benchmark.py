"""The localisation benchmark: localisers measured on the same random splits of annotated images, and reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from boneage.evaluation.benchmarks.checkpoint import describe_commits
from boneage.evaluation.benchmarks.landmarks.measurement import measure_variants, name_variants, round_file
from boneage.evaluation.benchmarks.landmarks.report import report_landmark_benchmark
from boneage.evaluation.benchmarks.splits import CrossValidation, RandomSplits
from boneage.evaluation.metrics import read_reference
from boneage.evaluation.reports.landmarks.context import learn_context
from boneage.imaging import Collection, Points
from boneage.imaging.progress import Progress
from boneage.pipeline.units import convert_to_mm, read_spacings


@dataclass(frozen=True)
class LandmarkBenchmarkSettings:
    """What is compared, on which splits, and how it is reported.

    Parameters
    ----------
    presets : tuple of str
        Presets of the localiser, each with its vote weighting and without; ``uniform`` is the published recipe without.
    splits : RandomSplits or CrossValidation
    reference : str or None
        The unit of the errors, e.g. ``ulna_styloid_tip:radius_styloid_tip=50mm``; pixels, or a volume's millimetres, if
        not given.
    scheme : str or None
        Landmark scheme: a file or a shipped one's name; found by the landmarks' names if not given.
    pictures : bool
        Whether the page shows the worst cases.
    jobs : int
        Threads used for training; the errors are the same for any number.
    """

    presets: tuple[str, ...] = ("paper", "accurate", "fast")
    splits: RandomSplits | CrossValidation = field(default_factory=RandomSplits)
    reference: str | None = None
    scheme: str | None = None
    pictures: bool = True
    jobs: int = 1


def run_landmark_benchmark(
    collection: Collection, settings: LandmarkBenchmarkSettings, out: Path, *, report: Progress | None = None
) -> str:
    """Compare localisers on the annotated images of a collection, and report it into ``out``.

    Writes ``errors.csv``, ``summary.json``, ``report.html``, ``figures/`` and ``rounds/``. An interrupted benchmark
    continues when it is called again.

    Parameters
    ----------
    collection : Collection
        With landmarks; see :func:`boneage.pipeline.data.load_collection`.
    settings : LandmarkBenchmarkSettings
    out : Path
    report : callable, optional

    Returns
    -------
    str
        The report as text.

    Raises
    ------
    InvalidInput
        If a preset is not known, the reference is malformed, or there are too few annotated images.
    UnusableOutput
        If the folder cannot be written to, or holds rounds of another benchmark.
    """
    variants = name_variants(settings.presets)
    unit = read_reference(settings.reference) if settings.reference else None
    context = learn_context(_scaled_landmarks(collection), settings.scheme, collection.ages)
    folder = out / "rounds"
    rounds = measure_variants(
        collection,
        variants,
        settings.splits,
        folder,
        reference=unit,
        jobs=settings.jobs,
        pictures=settings.pictures,
        report=report,
    )
    numbers = dict.fromkeys(measured.number for measured in rounds)
    commits = describe_commits(round_file(folder, preset, number) for number in numbers for preset in variants)
    return report_landmark_benchmark(rounds, out, settings.reference, context, commits)


def _scaled_landmarks(collection: Collection) -> Sequence[Points]:
    """Return the annotated landmarks: of radiographs in pixels, of volumes in millimetres where these are known."""
    assert collection.landmarks is not None
    annotated = {id_: collection.landmarks.points[id_] for id_ in collection.annotated_ids}
    if all(points.ndim == 2 for points in annotated.values()):
        return list(annotated.values())
    spacings = read_spacings(annotated, collection)
    in_voxels = {id_: points for id_ in spacings if (points := collection.points(id_)) is not None}
    return list(convert_to_mm(in_voxels, spacings).values())
