"""What the networks of the presets cost: weights, time a hand on one core, and memory.

Usage: python docs/measure/network_costs.py [SIDE [REGIONS]]
"""

from __future__ import annotations

import multiprocessing
import platform
import sys
import time
from collections.abc import Callable

import torch

from boneage.evaluation.benchmarks.memory import read_memory, reset_peak_memory
from boneage.evaluation.reports.text_table import draw_table
from boneage.regression import PRESETS
from boneage.regression.networks.registry import build_network

HANDS = 16


def time_a_hand(act: Callable[[], object], seconds: float = 1.0) -> float:
    """Return the processor's milliseconds a hand, the best of a second's tries at a batch."""
    act()
    best, end = float("inf"), time.monotonic() + seconds
    while time.monotonic() < end or best == float("inf"):
        start = time.process_time()
        act()
        best = min(best, (time.process_time() - start) / HANDS * 1e3)
    return best


def cost(name: str, side: int, regions: int) -> list[str]:
    """Return a network's row, from within a process that does nothing else."""
    torch.set_num_threads(1)
    inputs = torch.rand(HANDS, regions, side, side), torch.ones(HANDS, regions, dtype=torch.bool), torch.ones(HANDS)
    reset_peak_memory()
    before = read_memory("VmRSS")
    network = build_network(PRESETS[name].network, regions, True)

    def learn() -> None:
        ages, logits = network(*inputs)
        (ages.sum() + logits.sum()).backward()

    def look() -> None:
        with torch.inference_mode():
            network(*inputs)

    seen = time_a_hand(look)
    looking = read_memory("VmHWM") - before
    trained = time_a_hand(learn)
    weights = sum(array.numel() for array in network.parameters())
    numbers = [weights / 1e6, seen, trained, looking, read_memory("VmHWM") - before]
    return [name, *(f"{number:.{digits}f}" for number, digits in zip(numbers, (1, 1, 1, 0, 0), strict=True))]


def apart(act: Callable[[], list[str]]) -> list[str]:
    """Return what a function returns in a copy of this process, whose memory begins where this one's is."""
    context = multiprocessing.get_context("fork")
    out, into = context.Pipe(duplex=False)
    process = context.Process(target=lambda: into.send(act()))
    process.start()
    into.close()
    row: list[str] = out.recv()
    process.join()
    return row


def main(side: int = 100, regions: int = 1) -> None:
    """Print the table; networks that differ in how they are trained alone are one row."""
    names = [name for name in PRESETS if not name.endswith("-features")]
    rows = [apart(lambda name=name: cost(name, side, regions)) for name in names]
    print(f"hands of {regions} regions of {side}x{side}; torch {torch.__version__}; {platform.machine()}, one core")
    print(f"MB: what the network, and {HANDS} hands at once, take at most")
    print(draw_table(["network", "million weights", "ms seen", "ms trained on", "MB seen", "MB trained on"], rows))


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
