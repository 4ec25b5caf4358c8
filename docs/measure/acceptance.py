"""How often hands and other pictures are refused, and how far ages are off where only the most acceptable are read.

Usage: python docs/measure/acceptance.py OUT... [--truth AGES...]

Each OUT is a folder that `boneage predict` wrote. With AGES, tables of known ages, the hands of all OUT are put in the
order of their acceptance; the errors of the first 100, 99, 95 and 90 % of them are printed, without those refused.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.stats import binomtest

from boneage.evaluation.reports.text_table import draw_table
from boneage.imaging import read_ages

COVERAGES = (1.0, 0.99, 0.95, 0.9)
FAR_OFF_MONTHS = 24


def main(outs: Sequence[str], truths: Sequence[str] = ()) -> None:
    """Print the tables."""
    rows = {out: read_rows(Path(out) / "ages.csv") for out in outs}
    header = ["folder", "n", "no pose", "refused", "95 % interval", "flagged", "nothing seen where one should be", "ok"]
    print(draw_table(header, [count(Path(out).name, of) for out, of in rows.items()]))
    if truths:
        known = {id_: age.boneage_months for truth in truths for id_, age in read_ages(Path(truth)).items()}
        print()
        print(draw_table(*trace_coverage([row for of in rows.values() for row in of], known)))


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def count(name: str, rows: Sequence[dict[str, str]]) -> list[str]:
    """Return how many of some pictures are refused, flagged and read without reservation."""
    statuses = [row["status"] for row in rows]
    n, n_refused = len(rows), statuses.count("refused")
    interval = binomtest(n_refused, n).proportion_ci()
    counts = [
        sum(float(row["acceptance"] or 1) == 0 for row in rows),
        n_refused,
        f"{interval.low:.1%} to {interval.high:.1%}",
        statuses.count("flagged"),
        sum("nothing seen where" in row["reason"] for row in rows),
        statuses.count("ok"),
    ]
    return [name, str(n), *map(str, counts)]


def trace_coverage(rows: Sequence[dict[str, str]], known: dict[str, float]) -> tuple[list[str], list[list[str]]]:
    """Return a table of the errors of ages where only the most acceptable hands are read."""
    read = sorted(
        (row for row in rows if row["bone_age_months"]), key=lambda row: float(row["acceptance"]), reverse=True
    )
    errors = np.abs([float(row["bone_age_months"]) - known[row["id"]] for row in read])
    lines = []
    for coverage in COVERAGES:
        first = errors[: round(coverage * len(rows))]
        parts = [f"{len(first)}", f"{first.mean():.2f}", f"{(first > FAR_OFF_MONTHS).mean():.2%}"]
        lines.append([f"{coverage:.0%}", *parts])
    return ["coverage", "hands", "mean absolute error, months", f"beyond {FAR_OFF_MONTHS} months"], lines


if __name__ == "__main__":
    split = sys.argv.index("--truth") if "--truth" in sys.argv else len(sys.argv)
    main(sys.argv[1:split], sys.argv[split + 1 :])
