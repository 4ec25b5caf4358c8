"""Reports of the speed benchmark and of scaling: a table to print, JSON, a page with figures."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from boneage.evaluation.benchmarks.speed.benchmark import EngineCost, SpeedResult, compare, speed_up, to_json
from boneage.evaluation.benchmarks.speed.scaling import Cost, Size, fit_exponent, fit_line
from boneage.evaluation.figures import draw_costs, draw_scaling
from boneage.evaluation.reports.basis import count_hands, describe_phantoms, write_json
from boneage.evaluation.reports.number_format import Table, format_number, format_rate
from boneage.evaluation.reports.text_table import draw_table
from boneage.pipeline.pages.html import Page
from boneage.pipeline.storage.output import write_atomically

_FREE = 0.9  # of a core; with less, something else was running

_NOTES = (
    "training: wall seconds with the images read and all code compiled; cpu: on all threads.",
    "an image: to locate in one image, read before, warm, on one thread; the median over images, and the slowest.",
    "cpu: processor time; wall seconds that are much longer mean that the machine was busy.",
    "peak: memory of the whole process, images and program included.",
    "not found counts as beyond 10, and in no mean.",
)


def report_speed(result: SpeedResult, run: Mapping[str, str], folder: Path, reference: str | None) -> str:
    """Write ``speed.json``, ``speed.html`` and ``speed.svg`` into a folder; return the tables as text."""
    ids = tuple(next(iter(result.presets.values())).locating.found)
    basis = count_hands(ids)
    write_json(folder / "speed.json", {"run": run, "reference": reference, **basis, **to_json(result)})
    engines = result.presets | result.peers
    unit = next(iter(engines.values())).errors["unit"]
    p = result.protocol
    head = [
        *(f"{key}: {value}" for key, value in run.items()),
        f"{p.n_train} images to train, {len(ids)} others to test{describe_phantoms(basis)}; seed {p.seed}",
    ]
    share = min(m.core_share for m in engines.values())
    if share < _FREE:
        head.append(f"THE MACHINE WAS BUSY: one thread got as little as {share:.0%} of a core. Only CPU times hold.")
    tables = {
        f"Cost and error in {unit}": _tabulate_engines(engines, p.jobs),
        "What a peer needs, relative to ours (2: ours is twice as fast, or half as far off)": _tabulate_ratios(result),
        "First calls in a fresh process": _tabulate_first_calls(result),
    }
    costs = {name: (m.training[p.jobs].seconds, m.hand_ms, m.errors["overall"]["mean"]) for name, m in engines.items()}
    svg = draw_costs(costs, unit)
    _write_page(folder / "speed.html", "Speed of the localiser", head, tables, [svg])
    write_atomically(folder / "speed.svg", svg)
    return _as_text(head, tables)


def report_scaling(costs: dict[str, list[Cost]], preset: str, run: Mapping[str, str], folder: Path) -> str:
    """Write ``scaling.json``, ``scaling.html`` and an SVG for each sweep into a folder; return the tables as text."""
    base = Size()
    head = [
        *(f"{key}: {value}" for key, value in run.items()),
        f"preset {preset}; phantom hands (synthetic): what it costs, not how good it is",
        f"unless varied: {base.images} images of {base.height} rows ({base.megapixels:.2f} megapixels), "
        f"{base.landmarks} landmarks",
    ]
    tables: dict[str, Table] = {}
    figures = []
    fits: dict[str, Any] = {}
    for field, measured in costs.items():
        sizes = [float(getattr(cost.size, field)) for cost in measured]
        columns = {
            "training (s)": [cost.training_s for cost in measured],
            "locating in one image (ms)": [cost.locating_ms for cost in measured],
            "peak memory of training (MB)": [cost.peak_mb for cost in measured],
        }
        exponents = {name: fit_exponent(sizes, values) for name, values in columns.items()}
        # Memory goes with the pixels, not with the rows.
        amounts = [cost.size.megapixels for cost in measured] if field == "height" else sizes
        unit = "megapixel of an image" if field == "height" else field.removesuffix("s")
        intercept, slope = fit_line(amounts, columns["peak memory of training (MB)"])
        memory = f"peak memory of training: about {intercept:.0f} MB + {slope:.2f} MB for each {unit}"
        fits[field] = {"exponents": exponents, "memory_mb": {"intercept": intercept, "slope": slope, "per": unit}}
        tables[f"By {field}: {memory}"] = _tabulate_costs(field, measured)
        figures.append(draw_scaling(_AXES[field], sizes, columns, exponents))
        write_atomically(folder / f"scaling_{field}.svg", figures[-1])
    measures = {field: [dataclasses.asdict(cost) for cost in measured] for field, measured in costs.items()}
    write_json(folder / "scaling.json", {"run": run, "preset": preset, "costs": measures, "fits": fits})
    _write_page(folder / "scaling.html", "How the localiser's cost grows", head, tables, figures)
    return _as_text(head, tables)


_AXES = {"images": "training images", "landmarks": "landmarks", "height": "rows of an image"}


def _tabulate_engines(engines: dict[str, EngineCost], jobs: int) -> Table:
    header = [
        "engine", "training, 1 thread", f"{jobs} threads", "ratio", "cpu", "an image", "slowest", "cpu",
        "peak training", "peak locating", "model file", "mean", "median", "<= 2", "> 10", "not found",
    ]  # fmt: skip
    rows = []
    for name, m in engines.items():
        costs, s, ratio = m.training, m.errors["overall"], speed_up(m)
        alone = f"{costs[1].seconds:.1f} s" if 1 in costs else "-"
        rows.append([
            name, alone, f"{costs[jobs].seconds:.1f} s", f"{ratio:.2f}" if ratio else "-", f"{costs[jobs].cpu_s:.1f} s",
            f"{m.hand_ms:.1f} ms", f"{max(m.locating.hands_ms):.1f} ms",
            f"{m.locating.cpu_ms:.1f} ms", f"{costs[jobs].peak_mb:.0f} MB",
            f"{m.locating.peak_mb:.0f} MB" if m.model_mb else "-", f"{m.model_mb:.1f} MB" if m.model_mb else "-",
            format_number(s["mean"]), format_number(s["median"]),
            format_rate(s["within_2"]), format_rate(s["beyond_10"], 2),
            f"{s['n_not_found']} of {s['n']}",
        ])  # fmt: skip
    return header, rows


def _tabulate_ratios(result: SpeedResult) -> Table:
    rows = []
    for peer, theirs in result.peers.items():
        for preset, ours in result.presets.items():
            ratios = compare(ours, theirs)
            rows.append([f"{peer} / {preset}", *(format_number(ratio) for ratio in ratios.values())])
    return ["peer / preset", "training", "training, cpu", "locating", "locating, cpu", "mean error"], rows


def _tabulate_first_calls(result: SpeedResult) -> Table:
    rows = [["the smallest training", *(f"{seconds:.2f} s" for seconds in result.first_training_s)]]
    for name, m in result.presets.items():
        assert m.compiling_ms is not None
        times = (m.compiling_ms, m.locating.first_ms, m.hand_ms)
        rows.append([f"{name}: locating in one image", *(f"{ms / 1000:.2f} s" for ms in times)])
    return ["", "code compiled first", "compiled code cached", "later calls"], rows


def _tabulate_costs(field: str, measured: Sequence[Cost]) -> Table:
    header = [field, "training", "cpu", "an image", "peak memory", "before training"]
    rows = [
        [
            str(getattr(cost.size, field)), f"{cost.training_s:.1f} s", f"{cost.training_cpu_s:.1f} s",
            f"{cost.locating_ms:.1f} ms", f"{cost.peak_mb:.0f} MB", f"{cost.before_mb:.0f} MB",
        ]
        for cost in measured
    ]  # fmt: skip
    return header, rows


def _as_text(head: Sequence[str], tables: dict[str, Table]) -> str:
    parts = ["\n".join(head)]
    parts += [f"{title}\n{draw_table(*table)}" for title, table in tables.items() if table[1]]
    return "\n\n".join(parts)


def _write_page(path: Path, title: str, head: Sequence[str], tables: dict[str, Table], figures: Sequence[str]) -> None:
    page = Page(title)
    for line in head:
        page.add_text(line, note=True)
    for heading, table in tables.items():
        if table[1]:
            page.add_heading(heading)
            page.add_table(*table)
    for note in _NOTES:
        page.add_text(note, note=True)
    for figure in figures:
        page.add_figure(figure)
    write_atomically(path, page.render())
