"""What is timed, each in a fresh process: training, locating. Memory is that process's peak."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec, Protocol, Self, TypeVar

import cv2
import numpy as np

from boneage.evaluation.benchmarks.memory import read_memory
from boneage.evaluation.benchmarks.speed.peers.dlib_predictor import ShapePredictorPeer
from boneage.evaluation.benchmarks.speed.peers.scikit_learn import ExtraTreesPeer
from boneage.imaging import Collection, Points, Scan
from boneage.landmarks import PRESETS, ForestLocaliser, LocaliserSettings, StageSettings, change_stages
from boneage.pipeline.storage.model_file import ModelFile, load_model, save_model

P = ParamSpec("P")
T = TypeVar("T")


class Engine(Protocol):
    """What can be measured: our localiser, or a peer."""

    n_jobs: int

    def fit(self, scans: Sequence[Scan], points: Sequence[Points]) -> Self:
        """Learn from annotated scans."""

    def locate(self, scan: Scan) -> Points:
        """Find the landmarks of a scan."""


PEERS: dict[str, Callable[..., Engine]] = {
    "sklearn": ExtraTreesPeer,
    "sklearn-quick": partial(ExtraTreesPeer, n_features=400, n_tried=100),
    "dlib": ShapePredictorPeer,
}


@dataclass(frozen=True)
class TrainingCost:
    """What training took: wall and CPU seconds, peak memory, and memory before it began with the images read."""

    seconds: float
    cpu_s: float
    peak_mb: float
    before_mb: float


@dataclass(frozen=True, eq=False)
class LocatingCost:
    """What locating took on one thread.

    Parameters
    ----------
    first_ms : float
        The first call of the process, which compiles, or reads compiled code from its cache.
    hands_ms : tuple of float
        Of each image afterwards, the median over passes.
    mean_ms, cpu_ms : float
        The mean of all these calls, and the same in CPU time: about equal if it was one thread on a free core.
    peak_mb : float
    found : mapping of Points
    """

    first_ms: float
    hands_ms: tuple[float, ...]
    mean_ms: float
    cpu_ms: float
    peak_mb: float
    found: Mapping[str, Points]


def run_apart(cache: Path, jobs: int, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a function in a fresh process whose compiled code is cached in ``cache``.

    Linear algebra uses one thread, so that ``jobs`` is the number of all threads.
    """
    limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    context = multiprocessing.get_context("spawn")
    with (
        _environment({**limits, "NUMBA_NUM_THREADS": str(jobs), "NUMBA_CACHE_DIR": str(cache)}),
        ProcessPoolExecutor(1, mp_context=context) as pool,
    ):
        return pool.submit(function, *args, **kwargs).result()


def make_engine(name: str, seed: int, jobs: int) -> Engine:
    """Return an unfitted preset or peer."""
    if name in PRESETS:
        return ForestLocaliser(settings=PRESETS[name](), random_state=seed, n_jobs=jobs)
    return PEERS[name](random_state=seed, n_jobs=jobs)


def measure_first_training(hands: Collection) -> tuple[float, float]:
    """Return the seconds of the smallest training there is, first and again; for a fresh process."""
    scans, points = read_annotated(hands)
    elapsed = []
    for _ in range(2):
        start = time.perf_counter()
        _shrink().fit(scans, points)
        elapsed.append(time.perf_counter() - start)
    return elapsed[0], elapsed[1]


def measure_training(hands: Collection, preset: str, seed: int, jobs: int, model: Path) -> TrainingCost:
    """Train one of our presets and save it."""
    localiser = ForestLocaliser(settings=PRESETS[preset](), random_state=seed, n_jobs=jobs)
    cost = time_training(localiser, *read_annotated(hands), jobs)
    settings, arrays = localiser.to_state()
    save_model(model, ModelFile("localiser", settings, arrays, {}))
    return cost


def measure_locating(model: Path, hands: Collection, passes: int) -> LocatingCost:
    """Locate with a saved localiser."""
    content = load_model(model, kind="localiser")
    localiser = ForestLocaliser.from_state(dict(content.settings), dict(content.arrays))
    return time_locating(localiser, {id_: hands.scan(id_) for id_ in hands.ids}, passes)


def measure_peer(
    train: Collection, test: Collection, peer: str, seed: int, jobs: int, passes: int
) -> tuple[TrainingCost, LocatingCost]:
    """Train a peer and locate with it in one process: peers have no model files."""
    engine = make_engine(peer, seed, jobs)
    cost = time_training(engine, *read_annotated(train), jobs)
    return cost, time_locating(engine, {id_: test.scan(id_) for id_ in test.ids}, passes)


def time_training(engine: Engine, scans: Sequence[Scan], points: Sequence[Points], jobs: int) -> TrainingCost:
    """Time ``fit``, after all code is compiled."""
    cv2.setNumThreads(jobs)
    if isinstance(engine, ForestLocaliser):
        _shrink().fit(scans[:2], points[:2])
    before = read_memory("VmRSS")
    start, cpu = time.perf_counter(), time.process_time()
    engine.fit(scans, points)
    seconds, cpu_s = time.perf_counter() - start, time.process_time() - cpu
    return TrainingCost(seconds, cpu_s, read_memory("VmHWM"), before)


def time_locating(engine: Engine, scans: Mapping[str, Scan], passes: int) -> LocatingCost:
    """Time ``locate`` on one thread, the first call apart."""
    cv2.setNumThreads(1)
    start = time.perf_counter()
    engine.locate(next(iter(scans.values())))
    first_ms = 1000 * (time.perf_counter() - start)
    found: dict[str, Points] = {}
    elapsed = np.empty((passes, len(scans)))
    cpu = time.process_time()
    for p in range(passes):
        for k, (id_, scan) in enumerate(scans.items()):
            start = time.perf_counter()
            found[id_] = engine.locate(scan)
            elapsed[p, k] = 1000 * (time.perf_counter() - start)
    cpu_ms = 1000 * (time.process_time() - cpu) / elapsed.size
    hands_ms = tuple(float(ms) for ms in np.median(elapsed, axis=0))
    return LocatingCost(first_ms, hands_ms, float(elapsed.mean()), cpu_ms, read_memory("VmHWM"), found)


def read_annotated(hands: Collection) -> tuple[list[Scan], list[Points]]:
    """Read the scans that have landmarks, and these."""
    pairs = [(hands.scan(id_), points) for id_ in hands.annotated_ids if (points := hands.points(id_)) is not None]
    return [scan for scan, _ in pairs], [points for _, points in pairs]


def _shrink() -> ForestLocaliser:
    """Return the smallest localiser whose training calls every kernel."""

    def change(stage: StageSettings) -> StageSettings:
        forest = dataclasses.replace(stage.forest, n_trees=1, n_features=2, max_depth=2)
        return dataclasses.replace(stage, n_positions=20, n_copies=1, forest=forest)

    settings: LocaliserSettings = change_stages(PRESETS["fast"](), change)
    return ForestLocaliser(settings=settings)


@contextmanager
def _environment(values: Mapping[str, Any]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
