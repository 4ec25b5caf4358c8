"""The main job on synthetic hands: make a set, train on it, read a folder, say how far off it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from boneage.evaluation.reports.ages.report import report_ages
from boneage.evaluation.reports.landmarks.report import report_landmarks
from boneage.imaging import find_scans, read_sexes
from boneage.imaging.phantoms import write_phantom_set
from boneage.imaging.progress import Progress
from boneage.landmarks import fast
from boneage.pipeline.assessment import Assessment
from boneage.pipeline.batch.prediction import predict_files
from boneage.pipeline.data import load_collection
from boneage.pipeline.pipeline import save_localiser
from boneage.pipeline.storage.output import prepare_folder
from boneage.pipeline.storage.shipped_model import shipped_model
from boneage.pipeline.training.age_model import fit_age_model, prepare_crops
from boneage.pipeline.training.age_settings import make_settings
from boneage.pipeline.training.localiser import train_localiser


def demonstrate(
    out: Path, *, count: int, test: int, seed: int, jobs: int, report: Progress, epochs: int | None = None
) -> str:
    """Run both stages end to end on phantom hands and return the report.

    1. Make ``count`` phantom hands to train on and ``test`` others, with one file that is no image.
    2. Train a localiser on their landmarks, and an age model on the regions it finds.
    3. Read the other hands' ages.
    4. Compare landmarks and ages with the truth.
    5. Read the same hands with the model that comes with boneage, which has learnt from real ones.

    Parameters
    ----------
    out : Path
        Folder for the images, models, tables and overlays.
    count, test : int
        Number of hands to train on and to read.
    seed, jobs : int
    report : callable
        Shows the progress of each stage.
    epochs : int, optional
        Passes of the age model over the hands; the recipe's if not given.
    """
    folder = prepare_folder(out)
    known, new, results = folder / "known", folder / "new", folder / "results"
    write_phantom_set(known, count, seed, progress=report)
    write_phantom_set(new, test, seed + 1, progress=report)
    (new / "images" / "not-a-hand.txt").write_text("Every folder has one of these.\n")

    annotated = load_collection([known / "images"], landmarks=known / "landmarks.csv")
    localiser, summary, _ = train_localiser(annotated, fast(), seed=seed, jobs=jobs, report=report)
    save_localiser(folder / "localiser.boneage", localiser, summary)
    aged = load_collection([known / "images"], ages=[known / "ages.csv"])
    prepared = prepare_crops(
        aged, folder / "localiser.boneage", at_annotations=False, seed=seed, jobs=jobs, report=report
    )
    model = folder / "model.boneage"
    fit_age_model(prepared, make_settings(use_sex=True, epochs=epochs), seed=seed, report=report).save(model)

    paths = find_scans(new / "images")
    sexes = read_sexes(new / "ages.csv")

    def follow(stream: Iterator[Assessment]) -> Iterator[Assessment]:
        for done, assessment in enumerate(stream, start=1):
            report("reading hands", done / len(paths))
            yield assessment

    assessments = predict_files(paths, [model], results, sexes=sexes, sizes={}, jobs=jobs, follow=follow)
    shipped = folder / "shipped"
    others = predict_files(paths, [shipped_model()], shipped, sexes=sexes, sizes={}, jobs=jobs, follow=follow)
    told = sum(a.status != "refused" for a in others)
    refused = [a for a in assessments if a.status == "refused"]
    return "\n".join(
        [
            f"{len(paths)} files read, {len(refused)} refused:",
            *(f"  {Path(a.path).name}: {a.reason}" for a in refused),
            "",
            report_landmarks(results / "landmarks.csv", new / "landmarks.csv", results, None),
            "",
            report_ages(results / "ages.csv", new / "ages.csv", results),
            "",
            f"Trained on {count} and tested on {test} phantom hands (synthetic): these figures say that the parts",
            "work together, nothing about real hands. Look at the pictures in " + str(results / "overlays"),
            "",
            f"The model that comes with boneage, trained on real hands, reads {told} of the {len(paths)} files:",
            report_ages(shipped / "ages.csv", new / "ages.csv", shipped) if told else "",
            "Phantoms are drawings: what a model of real hands makes of them is no measure of it. How it reads real",
            "hands is in docs/model-card.md. On your own: boneage predict FOLDER --sex-csv S.csv --out OUT",
        ]
    )
