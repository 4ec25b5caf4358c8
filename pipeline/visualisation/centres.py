"""One picture a hand with its ossification centres outlined, and what is there and what is not beside it."""

from __future__ import annotations

from PIL import Image

from boneage.imaging import Scan
from boneage.pipeline.hand_centres import HandCentres
from boneage.pipeline.visualisation.outlines import GROUPS, JOINT, draw_outlines
from boneage.pipeline.visualisation.overlay import draw_scan
from boneage.pipeline.visualisation.panels import (
    FAINT,
    HEIGHT,
    TEXT,
    WARNING,
    draw_wrapped,
    font,
    join_panels,
    new_panel,
)


def draw_centres(scan: Scan, centres: HandCentres, id_: str) -> Image.Image:
    """Draw a hand with the outlines of its bones and joints, and a panel that says what is there and what is not."""
    picture, to_picture = draw_scan(scan)
    draw_outlines(picture, to_picture, centres)
    return join_panels([picture, _draw_panel(centres, id_)])


def _draw_panel(centres: HandCentres, id_: str) -> Image.Image:
    measures = centres.measures["bones"]
    detail = f"of {len(measures)} ossification centres"
    panel, draw = new_panel(HEIGHT, id_, f"{centres.n_centres} outlined", detail)
    top = 130
    for group, colour in GROUPS.items():
        members = [measure for measure in measures if measure.group == group]
        there = sum(measure.present for measure in members)
        draw.rectangle((20, top + 4, 34, top + 14), fill=colour)
        draw.text((44, top), f"{group}: {there} of {len(members)}", fill=TEXT, font=font(15))
        top += 24
    n_joints = sum(measure.present for measure in centres.measures["joints"])
    draw.rectangle((20, top + 8, 34, top + 10), fill=JOINT)
    draw.text((44, top), f"joints: {n_joints} of {len(centres.measures['joints'])}", fill=TEXT, font=font(15))
    top += 34
    n_unnamed = sum(centres.n_unnamed.values())
    if n_unnamed:
        parts = "part" if n_unnamed == 1 else "parts"
        top = draw_wrapped(draw, f"{n_unnamed} {parts} cannot be named", top, WARNING) + 6
    absent = [measure.name.replace("_", " ") for measure in measures if not measure.present]
    if absent:
        draw_wrapped(draw, f"not outlined: {', '.join(absent)}", top, FAINT)
    return panel
