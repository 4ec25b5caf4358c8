"""What the networks of the presets cost: weights, and time a hand on one core.

Usage: python docs/measure/network_costs.py [SIDE [REGIONS]]
"""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable

import torch

from boneage.evaluation import draw_table
from boneage.regression import PRESETS
from boneage.regression.networks.catalogue import build_network

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


def main(side: int = 100, regions: int = 1) -> None:
    """Print the table; networks that differ in how they are trained alone are one row."""
    torch.set_num_threads(1)
    inputs = torch.rand(HANDS, regions, side, side), torch.ones(HANDS, regions, dtype=torch.bool), torch.ones(HANDS)
    rows = []
    for name in (name for name in PRESETS if not name.endswith("-features")):
        network = build_network(PRESETS[name].network, regions, True)

        def learn(network: torch.nn.Module = network) -> None:
            ages, logits = network(*inputs)
            (ages.sum() + logits.sum()).backward()

        def look(network: torch.nn.Module = network) -> None:
            with torch.inference_mode():
                network(*inputs)

        weights = sum(array.numel() for array in network.parameters())
        rows.append([name, f"{weights / 1e6:.1f}", f"{time_a_hand(look):.1f}", f"{time_a_hand(learn):.1f}"])
    print(f"hands of {regions} regions of {side}x{side}; torch {torch.__version__}; {platform.machine()}, one core")
    print(draw_table(["network", "million weights", "ms seen", "ms trained on"], rows))


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
