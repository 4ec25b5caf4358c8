"""What the networks of the presets cost: weights, time a hand on one core, and memory.

Usage: python docs/measure/network_costs.py [SIDE [REGIONS [NETWORK...]]]
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence

import torch

from boneage.evaluation.benchmarks.speed.networks import N_HANDS, measure_networks, tabulate_networks
from boneage.evaluation.reports.text_table import draw_table


def main(side: int = 100, n_regions: int = 1, names: Sequence[str] = ()) -> None:
    """Print the table."""
    print(f"hands of {n_regions} regions of {side}x{side}; torch {torch.__version__}; {platform.machine()}, one core")
    print(f"ms: of the processor, a hand; MB: peak memory of the network and {N_HANDS} hands at once")
    print(draw_table(*tabulate_networks(measure_networks(side, n_regions, names))))


if __name__ == "__main__":
    sizes, networks = sys.argv[1:3], sys.argv[3:]
    main(*(int(size) for size in sizes), names=networks)
