"""What all reports share: what they rest on, as text and as files; pages with figures."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from boneage.imaging.phantoms import PHANTOM_PREFIX
from boneage.pipeline.pages.html import Page
from boneage.pipeline.storage.output import prepare_folder, write_atomically

RESEARCH = "Research use only; not a medical device."


@dataclass
class Figures:
    """A page, and the figures on it by the name of the file that each is saved in too."""

    page: Page
    svgs: dict[str, str] = field(default_factory=dict)

    def show(self, name: str, svg: str, caption: str) -> None:
        """Add a figure to the page, and store it under a name."""
        self.svgs[name] = svg
        self.page.add_figure(svg, caption)

    def write(self, path: Path) -> None:
        """Write the page, and its figures into ``figures/`` beside it."""
        folder = prepare_folder(path.parent / "figures")
        for name, svg in self.svgs.items():
            write_atomically(folder / f"{name}.svg", svg)
        write_atomically(path, self.page.render())


def provenance(ids: Collection[str]) -> dict[str, Any]:
    """Return how many hands a summary rests on, and how many of them are synthetic."""
    return {"n_hands": len(ids), "n_phantoms": sum(id_.startswith(PHANTOM_PREFIX) for id_ in ids)}


def phantom_note(summary: Mapping[str, Any]) -> str:
    """Return the words that say how many of a summary's hands are synthetic; empty if none is."""
    n = summary["n_phantoms"]
    if not n:
        return ""
    return ", all of them phantoms (synthetic)" if n == summary["n_hands"] else f", {n} of them phantoms (synthetic)"


def write_json(path: Path, summary: Mapping[str, Any]) -> None:
    """Write a summary as JSON; what is not a finite number becomes null."""
    write_atomically(path, json.dumps(_plain(summary), indent=1) + "\n")


def _plain(value: Any) -> Any:
    """Return JSON data: what is not a finite number becomes null."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
