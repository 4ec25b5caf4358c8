"""The speed benchmark: presets beside peers, in one run on the same machine and images."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from boneage.evaluation.benchmarks.speed.tasks import (
    PEERS,
    LocatingCost,
    TrainingCost,
    measure_first_training,
    measure_locating,
    measure_peer,
    measure_training,
    run_apart,
)
from boneage.evaluation.metrics import Reference, measure_landmarks, summarise_landmarks
from boneage.imaging import Collection, Points, split_ids
from boneage.imaging.errors import InvalidInput
from boneage.imaging.progress import Progress
from boneage.landmarks import PRESETS


@dataclass(frozen=True)
class SpeedBenchmarkSettings:
    """How speed is measured.

    Parameters
    ----------
    n_train, n_test : int
        Images to train on, and others to locate in.
    seed : int
        Draws the images, and trains.
    jobs : int
        Threads used for training; one thread is measured too. Locating is always measured on one.
    passes : int
        How often each test image is located.
    """

    n_train: int = 43
    n_test: int = 17
    seed: int = 1
    jobs: int = 2
    passes: int = 3

    def __post_init__(self) -> None:
        for name, least in (("n_train", 2), ("n_test", 1), ("seed", 0), ("jobs", 1), ("passes", 1)):
            if getattr(self, name) < least:
                raise InvalidInput(f"{name} must be at least {least}, got {getattr(self, name)}")


@dataclass(frozen=True, eq=False)
class EngineCost:
    """What one engine costs, and how far off it is.

    Parameters
    ----------
    training : mapping of TrainingCost
        By the number of threads.
    locating : LocatingCost
    model_mb : float or None
        Size of the model file; peers have none.
    errors : mapping
        From :func:`~boneage.evaluation.summarise_landmarks`.
    compiling_ms : float or None
        The first call of ``locate`` where no compiled code is cached; only for presets.
    """

    training: dict[int, TrainingCost]
    locating: LocatingCost
    model_mb: float | None
    errors: dict[str, Any]
    compiling_ms: float | None = None

    @property
    def hand_ms(self) -> float:
        """Milliseconds to locate in one image: the median over images."""
        return median(self.locating.hands_ms)

    @property
    def core_share(self) -> float:
        """How much of a core the one-threaded measurements got: well below 1 where something else was running."""
        shares = [self.locating.cpu_ms / self.locating.mean_ms]
        if 1 in self.training:
            shares.append(self.training[1].cpu_s / self.training[1].seconds)
        return min(shares)


@dataclass(frozen=True, eq=False)
class SpeedResult:
    """Everything that one run measured.

    Parameters
    ----------
    protocol : SpeedBenchmarkSettings
    first_training_s : tuple of float
        The smallest training there is: with its code compiled, with it read from the cache, and once more.
    presets, peers : dict of EngineCost
    """

    protocol: SpeedBenchmarkSettings
    first_training_s: tuple[float, float, float]
    presets: dict[str, EngineCost]
    peers: dict[str, EngineCost]


def check_engines(presets: Sequence[str], peers: Sequence[str]) -> None:
    """Make sure that all engines are known and installed.

    Raises
    ------
    ValueError
        If one is not.
    """
    if not presets:
        raise InvalidInput("no preset to measure is given")
    for names, known in ((presets, list(PRESETS)), (peers, list(PEERS))):
        for name in names:
            if name not in known:
                raise InvalidInput(f"engines that can be measured are {', '.join(known)}, got {name!r}")
    if "dlib" in peers and find_spec("dlib") is None:
        raise InvalidInput("the peer dlib is not installed: pip install 'boneage[peers]', or leave it out")


def run_speed_benchmark(
    collection: Collection,
    presets: Sequence[str],
    peers: Sequence[str],
    protocol: SpeedBenchmarkSettings,
    *,
    reference: Reference | None,
    report: Progress | None = None,
) -> SpeedResult:
    """Measure presets and peers one after another, each task in a fresh process.

    1. The first call with an empty cache of compiled code, then with what that left.
    2. Every preset: training on all threads and on one, locating with the saved model.
    3. Every peer: training on all threads, locating.

    Parameters
    ----------
    collection : Collection
        With landmarks.
    presets, peers : sequence of str
        Checked by :func:`check_engines`.
    protocol : SpeedBenchmarkSettings
    reference : Reference or None
        The unit of the errors; pixels of the original image if not given.
    report : callable, optional

    Raises
    ------
    ValueError
        If there are fewer images with landmarks than are drawn, or an engine is not known.
    """
    check_engines(presets, peers)
    progress = report or (lambda _stage, _fraction: None)
    train_ids, test_ids = split_ids(collection.annotated_ids, protocol.n_train, protocol.n_test, protocol.seed)
    train, test = collection.subset(train_ids), collection.subset(test_ids)
    truth = {id_: points for id_ in test_ids if (points := collection.points(id_)) is not None}
    with tempfile.TemporaryDirectory(prefix="boneage-speed-") as scratch:
        folder = Path(scratch)
        smallest = collection.subset(train_ids[:2])
        compiled, _ = run_apart(folder, 1, measure_first_training, smallest)
        cached, again = run_apart(folder, 1, measure_first_training, smallest)
        ours, theirs = {}, {}
        for name in presets:
            progress(name, 0.0)
            ours[name] = _measure_preset(name, train, test, protocol, truth, reference, folder)
            progress(name, 1.0)
        for name in peers:
            progress(name, 0.0)
            training, locating = run_apart(
                folder, protocol.jobs, measure_peer, train, test, name, protocol.seed, protocol.jobs, protocol.passes
            )
            errors = summarise_landmarks(measure_landmarks(locating.found, truth, reference))
            theirs[name] = EngineCost({protocol.jobs: training}, locating, None, errors)
            progress(name, 1.0)
    return SpeedResult(protocol, (compiled, cached, again), ours, theirs)


def compare(ours: EngineCost, theirs: EngineCost) -> dict[str, float]:
    """Return how many times as much a peer needs: 2 says that ours is twice as fast, or half as far off."""
    jobs = max(theirs.training)
    mine, other = ours.training[jobs], theirs.training[jobs]
    return {
        "training": other.seconds / mine.seconds,
        "training_cpu": other.cpu_s / mine.cpu_s,
        "locating": theirs.hand_ms / ours.hand_ms,
        "locating_cpu": theirs.locating.cpu_ms / ours.locating.cpu_ms,
        "mean_error": theirs.errors["overall"]["mean"] / ours.errors["overall"]["mean"],
    }


def to_json(result: SpeedResult) -> dict[str, Any]:
    """Return all that was measured as plain data."""
    engines = {
        name: {
            "training": {str(jobs): dataclasses.asdict(cost) for jobs, cost in m.training.items()},
            "speed_up_by_threads": speed_up(m),
            "first_locating_ms": {"compiling": m.compiling_ms, "cached": m.locating.first_ms},
            "locating_ms": m.hand_ms,
            "locating_hands_ms": m.locating.hands_ms,
            "locating_cpu_ms": m.locating.cpu_ms,
            "locating_peak_mb": m.locating.peak_mb,
            "core_share": m.core_share,
            "model_mb": m.model_mb,
            "errors": m.errors,
        }
        for name, m in (result.presets | result.peers).items()
    }
    return {
        "protocol": dataclasses.asdict(result.protocol),
        "first_training_s": dict(zip(("compiling", "cached", "again"), result.first_training_s, strict=True)),
        "engines": engines,
        "peer_over_preset": {
            peer: {preset: compare(ours, theirs) for preset, ours in result.presets.items()}
            for peer, theirs in result.peers.items()
        },
    }


def speed_up(measured: EngineCost) -> float | None:
    """Return how many times as fast training is on all threads as on one; ``None`` if only one was measured."""
    costs = measured.training
    return costs[1].seconds / costs[max(costs)].seconds if len(costs) > 1 else None


def _measure_preset(
    name: str,
    train: Collection,
    test: Collection,
    protocol: SpeedBenchmarkSettings,
    truth: dict[str, Points],
    reference: Reference | None,
    folder: Path,
) -> EngineCost:
    model = folder / f"{name}.boneage"
    training = {
        jobs: run_apart(folder, jobs, measure_training, train, name, protocol.seed, jobs, model)
        for jobs in sorted({1, protocol.jobs})
    }
    locating = run_apart(folder, 1, measure_locating, model, test, protocol.passes)
    with tempfile.TemporaryDirectory(dir=folder) as empty:
        compiling = run_apart(Path(empty), 1, measure_locating, model, test.subset(test.ids[:1]), 1)
    errors = summarise_landmarks(measure_landmarks(locating.found, truth, reference))
    return EngineCost(training, locating, model.stat().st_size / 1e6, errors, compiling.first_ms)
