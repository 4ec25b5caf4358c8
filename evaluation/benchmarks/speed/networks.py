"""What the networks of the presets cost: weights, time a hand on one core, and memory."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch

from boneage.evaluation.benchmarks.memory import read_memory, reset_peak_memory
from boneage.evaluation.reports.number_format import Table
from boneage.regression import PRESETS
from boneage.regression.networks.registry import build_network

N_HANDS = 16
"""Hands in a batch."""


@dataclass(frozen=True)
class NetworkCost:
    """What one network costs on one core.

    Parameters
    ----------
    name : str
        Of its preset.
    n_weights : int
    predicting_ms, training_ms, training_bfloat16_ms : float
        Processor time of a hand: a forward pass, and a forward and a backward pass in either precision.
    predicting_mb, training_mb : float
        Peak memory of the network and a batch of ``N_HANDS``.
    """

    name: str
    n_weights: int
    predicting_ms: float
    training_ms: float
    training_bfloat16_ms: float
    predicting_mb: float
    training_mb: float


def measure_networks(side: int = 100, n_regions: int = 1, names: Sequence[str] = ()) -> list[NetworkCost]:
    """Measure the networks of presets, each in a process of its own.

    Parameters
    ----------
    side : int
        Of a region, in pixels.
    n_regions : int
    names : sequence of str, optional
        Of presets; all if not given, but one of those that differ in how they are trained alone.
    """
    chosen = names or [name for name in PRESETS if not name.endswith("-features")]
    return [_run_in_process(partial(measure_network, name, side, n_regions)) for name in chosen]


def measure_network(name: str, side: int, n_regions: int) -> NetworkCost:
    """Measure the network of a preset; for a process that does nothing else."""
    torch.set_num_threads(1)
    regions = torch.rand(N_HANDS, n_regions, side, side)
    inputs = regions, torch.ones(N_HANDS, n_regions, dtype=torch.bool), torch.ones(N_HANDS)
    reset_peak_memory()
    before = read_memory("VmRSS")
    network = build_network(PRESETS[name].network, n_regions, True)

    def train(coarse: bool = False) -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=coarse):
            ages, logits = network(*inputs)
        (ages.float().sum() + logits.float().sum()).backward()

    def predict() -> None:
        with torch.inference_mode():
            network(*inputs)

    network.eval()
    predicting_ms = time_hand(predict)
    predicting_mb = read_memory("VmHWM") - before
    network.train()
    training_ms = time_hand(train)
    training_mb = read_memory("VmHWM") - before
    coarse_ms = time_hand(partial(train, coarse=True))
    n_weights = sum(array.numel() for array in network.parameters())
    return NetworkCost(name, n_weights, predicting_ms, training_ms, coarse_ms, predicting_mb, training_mb)


def time_hand(step: Callable[[], object], seconds: float = 1.0) -> float:
    """Return the processor's milliseconds a hand: the shortest of the batches computed in some seconds."""
    step()
    best, end = float("inf"), time.monotonic() + seconds
    while time.monotonic() < end or best == float("inf"):
        start = time.process_time()
        step()
        best = min(best, (time.process_time() - start) / N_HANDS * 1e3)
    return best


def tabulate_networks(costs: Sequence[NetworkCost]) -> Table:
    """Return the cost of each network, a row each."""
    header = [
        "network",
        "million weights",
        "ms predicting",
        "ms training",
        "ms bfloat16",
        "MB predicting",
        "MB training",
    ]
    rows = [
        [
            cost.name, f"{cost.n_weights / 1e6:.1f}", f"{cost.predicting_ms:.1f}", f"{cost.training_ms:.1f}",
            f"{cost.training_bfloat16_ms:.1f}", f"{cost.predicting_mb:.0f}", f"{cost.training_mb:.0f}",
        ]
        for cost in costs
    ]  # fmt: skip
    return header, rows


def _run_in_process(measure: Callable[[], NetworkCost]) -> NetworkCost:
    """Return what a function returns in a copy of this process, whose memory starts at this one's."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=lambda: sender.send(measure()))
    process.start()
    sender.close()
    cost: NetworkCost = receiver.recv()
    process.join()
    return cost
