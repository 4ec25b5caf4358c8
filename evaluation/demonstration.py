"""The product on synthetic hands: read with the shipped model, then a model trained on others, and its errors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from boneage.evaluation.metrics import AgeErrors, measure_landmarks, summarise_ages, summarise_distances
from boneage.evaluation.reports.text_table import draw_table
from boneage.imaging import find_scans, read_ages, read_landmarks, read_sexes
from boneage.imaging.phantoms import write_phantom_set
from boneage.imaging.progress import Progress
from boneage.landmarks import fast
from boneage.pipeline.age_text import age_text
from boneage.pipeline.assessment import Assessment
from boneage.pipeline.batch.prediction_run import predict_to_folder
from boneage.pipeline.batch.run import RunOptions
from boneage.pipeline.data import load_collection
from boneage.pipeline.pipeline import save_localiser
from boneage.pipeline.storage.output import prepare_folder, write_atomically
from boneage.pipeline.storage.shipped_model import shipped_model
from boneage.pipeline.training.age_model import fit_age_model, prepare_crops
from boneage.pipeline.training.age_settings import make_settings
from boneage.pipeline.training.localiser import train_localiser

PHANTOMS = "phantoms: synthetic drawings, not radiographs of anyone"
_N_HEAVIEST = 3


@dataclass(frozen=True)
class Demonstration:
    """Two steps, each of which prepares what it needs in ``out`` and returns what to print.

    Parameters
    ----------
    out : Path
        Folder for the images, models, tables and pages.
    count, test : int
        Number of phantom hands to train on, and of others to read.
    seed, jobs : int
    epochs : int
        Passes of the age model over the hands.
    """

    out: Path
    count: int = 24
    test: int = 6
    seed: int = 0
    jobs: int = 2
    epochs: int = 40

    def read_with_shipped_model(self, report: Progress) -> str:
        """Read a folder of phantoms and a file that is no image with the shipped model; write ``index.html``.

        Parameters
        ----------
        report : callable
            Shows the progress of each stage.

        Returns
        -------
        str
            A table of the hands, and the page to open.
        """
        write_phantom_set(self._new, self.test, self.seed + 1, n_jobs=self.jobs, progress=report)
        write_atomically(self._new / "images" / "readme.txt", "No image: a folder of hands may hold other files too.\n")
        assessments = self._read(shipped_model(), self._folder / "shipped", report, pages=True)
        page = self._folder / "shipped" / "index.html"
        truth = read_ages(self._new / "ages.csv")
        drawn_as = {id_: age_text(record.boneage_months) for id_, record in truth.items()}
        return "\n".join(
            [
                f"1. The model that comes with boneage reads a folder ({PHANTOMS}):",
                "",
                _tabulate(assessments, drawn_as),
                "",
                "It has learnt from real hands: what it makes of drawings is no measure of it (docs/model-card.md is).",
                f"Open {page}",
            ]
        )

    def train_and_read(self, report: Progress) -> str:
        """Train a localiser and an age model on phantoms, read the same folder and measure the errors.

        Parameters
        ----------
        report : callable
            Shows the progress of each stage.
        """
        known = self._folder / "known"
        write_phantom_set(known, self.count, self.seed, n_jobs=self.jobs, progress=report)
        model = self._train(known, report)
        assessments = self._read(model, self._folder / "trained", report)
        return "\n".join(
            [
                f"2. A localiser and an age model, trained on {self.count} other phantoms, read the same folder:",
                "",
                *(f"  {line}" for line in self._measure(assessments, known)),
                "",
                "Phantoms are drawings of one simple kind: a model learns them from a few. These errors show that all",
                "parts work together; they are no measure of real hands.",
                "",
                f"Open  {self._folder / 'shipped' / 'index.html'}",
                "Type  boneage predict FOLDER --sex-csv SEXES.csv --out OUT    to read hands of your own",
            ]
        )

    @cached_property
    def _folder(self) -> Path:
        return prepare_folder(self.out)

    @property
    def _new(self) -> Path:
        return self._folder / "new"

    def _train(self, known: Path, report: Progress) -> Path:
        """Train both stages on the hands of a folder; return the file of the model.

        Regions are cropped at the annotated landmarks: at those that the localiser finds in the hands that it was
        trained on, they would be no less exact, and would take longer.
        """
        collection = load_collection([known / "images"], landmarks=known / "landmarks.csv", ages=[known / "ages.csv"])
        localiser, summary, _ = train_localiser(collection, fast(), seed=self.seed, jobs=self.jobs, report=report)
        save_localiser(self._folder / "localiser.boneage", localiser, summary)
        crops = prepare_crops(
            collection,
            self._folder / "localiser.boneage",
            at_annotations=True,
            seed=self.seed,
            jobs=self.jobs,
            report=report,
        )
        path = self._folder / "model.boneage"
        fit_age_model(crops, make_settings(epochs=self.epochs), seed=self.seed, report=report).save(path)
        return path

    def _read(self, model: Path, results: Path, report: Progress, *, pages: bool = False) -> list[Assessment]:
        paths = find_scans(self._new / "images")
        sexes = read_sexes(self._new / "ages.csv")
        anew = RunOptions(restart=True)
        return list(
            predict_to_folder(
                paths,
                [model],
                results,
                sexes=sexes,
                sizes={},
                jobs=self.jobs,
                pages=pages,
                progress=report,
                options=anew,
            )
        )

    def _measure(self, assessments: Sequence[Assessment], known: Path) -> list[str]:
        """Return the errors of landmarks and of ages, a line each."""
        located = {a.id: a.points for a in assessments if a.points is not None}
        truth = read_ages(self._new / "ages.csv")
        aged = {a.id: a.estimate.months for a in assessments if a.estimate}
        lines = [f"hands read   {len(aged)} of {self.test}"]
        if located:
            table = read_landmarks(self._new / "landmarks.csv")
            distances = summarise_distances(measure_landmarks(located, table.points).distances)
            lines.append(f"landmarks    mean error {distances['mean']:.1f} pixels, in pictures of 900 x 700")
        if aged:
            months = [truth[id_].boneage_months for id_ in aged]
            ages = AgeErrors(tuple(aged), np.array(list(aged.values())), np.array(months), (None,) * len(aged))
            middle = np.mean([record.boneage_months for record in read_ages(known / "ages.csv").values()])
            blind = float(np.abs(np.array(months) - middle).mean())
            lines.append(
                f"ages         mean absolute difference {summarise_ages(ages)['mad']:.1f} months; "
                f"{blind:.0f} for the training hands' mean age"
            )
        return lines


def _tabulate(assessments: Sequence[Assessment], drawn_as: dict[str, str]) -> str:
    header = ("hand", "status", "sex", "bone age", "drawn as", "heaviest regions, or the reason")
    last = [_describe_heaviest(assessment) or assessment.reason for assessment in assessments]
    width = max(len(text) for text in (header[-1], *last))
    rows = [
        (
            assessment.id,
            assessment.status,
            assessment.sex or "-",
            age_text(assessment.estimate.months) if assessment.estimate else "-",
            drawn_as.get(assessment.id, "-"),
            text.ljust(width),
        )
        for assessment, text in zip(assessments, last, strict=True)
    ]
    return draw_table((*header[:-1], header[-1].ljust(width)), rows)


def _describe_heaviest(assessment: Assessment) -> str:
    """Return the regions of the largest weights, as ``radius 20 %, ulna 6 %``; empty for a refused file."""
    estimate = assessment.estimate
    if estimate is None:
        return ""
    ages = zip(estimate.region_names, estimate.region_weights, estimate.region_months, strict=True)
    weights = [(float(weight), name) for name, weight, months in ages if not math.isnan(months)]
    heaviest = sorted(weights, key=lambda pair: -pair[0])[:_N_HEAVIEST]
    return ", ".join(f"{name} {100 * weight:.0f} %" for weight, name in heaviest)
