"""The benchmark of selection: models trained on what strategies chose, in paired repeats."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from boneage.evaluation.benchmarks.checkpoint import describe_commits
from boneage.evaluation.benchmarks.selection.ages import AgeTask
from boneage.evaluation.benchmarks.selection.landmarks import LandmarkTask
from boneage.evaluation.benchmarks.selection.measurement import StrategyRun, StrategyTask
from boneage.evaluation.benchmarks.selection.plan import STRATIFIED, AgeSelectionPlan, Part, SelectionPlan
from boneage.evaluation.benchmarks.selection.report import report_selection
from boneage.evaluation.metrics import Reference, read_reference
from boneage.evaluation.metrics.learning_curves import mean_capped
from boneage.evaluation.reports.landmarks.tables import name_unit
from boneage.imaging import Collection
from boneage.imaging.errors import InvalidInput
from boneage.imaging.progress import Progress
from boneage.landmarks import PRESETS
from boneage.pipeline.batch.processes import run_in_processes
from boneage.pipeline.selection import Pool, read_pool
from boneage.pipeline.storage.output import prepare_folder

PARTS: tuple[Part, ...] = ("growing", "cold")
Tell = Callable[[str], None]


def run_selection_benchmark(
    collection: Collection,
    plan: SelectionPlan,
    out: Path,
    reference: str,
    *,
    preset: str = "fast",
    jobs: int = 1,
    report: Progress | None = None,
    tell: Tell | None = None,
) -> str:
    """Measure strategies on the annotated hands of a collection, and report it into ``out``.

    1. Describe the pictures of all annotated hands.
    2. In each repeat, draw hands to test on and to start from; let each strategy choose others from the rest, train a
       localiser at each size, and test it. What ``out`` already holds is not measured again.
    3. Compare the strategies, paired by repeats.

    Writes ``summary.json``, ``report.html``, ``figures/`` and ``rounds/``, a file for each strategy and repeat.

    Parameters
    ----------
    collection : Collection
        With landmarks; with ages, if random choices are to be stratified.
    plan : SelectionPlan
    out : Path
    reference : str
        The unit of the errors, which are capped at ten units: two landmarks that every hand has.
    preset : str
        Of the localiser. No landmark is withheld for a low score.
    jobs : int
        Number of processes; the errors are the same for any.
    report : callable, optional
    tell : callable, optional
        Called with a line for each strategy and repeat that was measured.

    Returns
    -------
    str
        The report as text.

    Raises
    ------
    InvalidInput
        If there are too few hands, no ages for ``stratified``, the reference is malformed or cannot be measured in
        every hand, or hands are volumes.
    UnusableOutput
        If the folder cannot be written to, or holds rounds of another benchmark.
    """
    if collection.ndim != 2:
        raise InvalidInput("the benchmark of selection is of radiographs, and these are volumes")
    unit = read_reference(reference)
    annotated = collection.subset(collection.annotated_ids)
    _check_reference(unit, annotated)
    plan.draw(annotated.ids, 0)  # too few hands are told before any is read
    pool = read_pool(annotated, jobs=jobs, report=report)
    if pool.strata is None and STRATIFIED in plan.strategies:
        raise InvalidInput("the strategy stratified needs ages (--ages)")
    settings = dataclasses.replace(PRESETS[preset](2), min_score=0.0)
    make = partial(LandmarkTask, settings=settings, reference=unit, collection=annotated, pool=pool)
    return measure_strategies(
        plan, pool, out, make, name_unit(unit.unit, reference), jobs=jobs, report=report, tell=tell
    )


def _check_reference(reference: Reference, annotated: Collection) -> None:
    """Refuse hands without the landmarks of the reference: hours later they would end the benchmark."""
    truth = {id_: points for id_ in annotated.ids if (points := annotated.points(id_)) is not None}
    lacking = [id_ for id_, points in truth.items() if not reference.pixels_per_unit(points) > 0]
    if lacking:
        raise InvalidInput(
            f"the reference cannot be measured in {len(lacking)} of {len(truth)} hands, such as {lacking[0]}: "
            "one of its landmarks is absent there; leave them out (--ids)"
        )


def run_age_selection_benchmark(
    collection: Collection,
    plan: AgeSelectionPlan,
    out: Path,
    *,
    jobs: int = 1,
    report: Progress | None = None,
    tell: Tell | None = None,
) -> str:
    """Measure strategies on the hands of known age and sex of a collection, and report it into ``out``.

    As :func:`run_selection_benchmark` does, with regressions on the features of the pictures in place of localisers.

    Parameters
    ----------
    collection : Collection
        With ages.
    plan : AgeSelectionPlan
    out : Path
    jobs : int
        Number of processes; the errors are the same for any.
    report : callable, optional
    tell : callable, optional
        Called with a line for each strategy and repeat that was measured.

    Returns
    -------
    str
        The report as text.

    Raises
    ------
    InvalidInput
        If there are too few hands.
    UnusableOutput
        If the folder cannot be written to, or holds rounds of another benchmark.
    """
    known = [id_ for id_ in collection.ids if id_ in collection.ages and collection.ages[id_].sex]
    plan.draw(known, 0)  # too few hands are told before any is read
    pool = read_pool(collection.subset(known), jobs=jobs, report=report)
    make = partial(AgeTask, ages={id_: collection.ages[id_] for id_ in pool.ids}, pool=pool)
    return measure_strategies(plan, pool, out, make, "months", jobs=jobs, report=report, tell=tell)


def measure_strategies(
    plan: SelectionPlan,
    pool: Pool,
    out: Path,
    make: Callable[..., StrategyTask[Any]],
    unit: str,
    *,
    jobs: int = 1,
    report: Progress | None = None,
    tell: Tell | None = None,
) -> str:
    """Measure strategies by models of any kind, and report it into ``out``.

    What ``out`` already holds is not measured again.

    Parameters
    ----------
    plan : SelectionPlan
    pool : Pool
        Of all hands.
    out : Path
    make : callable
        From a part, a strategy, the hands of a repeat, sizes and the ``file`` to store into, to the task.
    unit : str
        Of the errors, in words.
    jobs : int
        Number of processes; tasks are sent to them.
    report : callable, optional
    tell : callable, optional
        Called with a line for each strategy and repeat that was measured.

    Returns
    -------
    str
        The report as text.

    Raises
    ------
    UnusableOutput
        If the folder cannot be written to, or holds rounds of another benchmark.
    """
    tasks = _list_tasks(plan, pool, prepare_folder(out / "rounds"), make)
    runs = _measure(tasks, jobs, report, tell)
    commits = describe_commits(task.file for task in tasks)
    return report_selection(plan, runs, out, pool, commits, unit=unit, scale=tasks[0].scale)


def _list_tasks(
    plan: SelectionPlan, pool: Pool, folder: Path, make: Callable[..., StrategyTask[Any]]
) -> list[StrategyTask[Any]]:
    """Return all that is to be measured, repeat by repeat, so that what is measured so far can be compared."""
    tasks = []
    for repeat in range(plan.repeats):
        draw = plan.draw(pool.ids, repeat)
        for part in PARTS:
            for strategy in plan.strategies_of(part):
                file = folder / f"{part}-{strategy}-{repeat:02d}.json"
                tasks.append(make(part, strategy, draw, plan.sizes_of(part), file=file))
    return tasks


def _measure(
    tasks: list[StrategyTask[Any]], jobs: int, report: Progress | None, tell: Tell | None
) -> dict[Part, list[StrategyRun]]:
    """Return what was measured of every task, now or before, by its part."""
    done = {task.file: run for task in tasks if (run := task.load()) is not None}
    missing = [task for task in tasks if task.file not in done]
    for task, run in zip(missing, run_in_processes([task.run for task in missing], jobs), strict=True):
        done[task.file] = run
        if tell is not None:
            tell(f"{len(done)} of {len(tasks)}: {_describe(task, run)}")
        if report is not None:
            report("strategies and repeats", len(done) / len(tasks))
    return {part: [done[task.file] for task in tasks if task.part == part] for part in PARTS}


def _describe(task: StrategyTask[Any], run: StrategyRun) -> str:
    errors = (
        f"{size} hands {mean_capped(step.distances, task.scale.cap):.2f}"
        for size, step in zip(task.sizes, run.steps, strict=True)
    )
    return f"repeat {run.repeat}, {task.part}, {run.strategy}: {', '.join(errors)} ({run.seconds:.0f} s)"
