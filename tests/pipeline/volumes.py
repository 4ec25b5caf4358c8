"""Hands in space, drawn with few strokes: bright tubes along the lines of the scheme ``hand34`` in a grey mitten."""

from __future__ import annotations

import numpy as np

from boneage.imaging import Points, Scan, read_scheme

SPACING_MM = (3.0, 1.0, 1.5)
"""Of planes, rows and columns."""

_SHAPE = (16, 210, 80)
_RAYS = {  # mm, row and column: base of the metacarpal, tip
    "thumb": ((138, 42), (82, 12)),
    "index": ((128, 48), (26, 38)),
    "middle": ((127, 57), (18, 58)),
    "ring": ((129, 67), (26, 80)),
    "little": ((132, 76), (48, 104)),
}
_ALONG = {"mc_base": 0.0, "mc_physis": 0.4, "pp_physis": 0.46, "mp_physis": 0.7, "dp_physis": 0.86, "tip": 1.0}
_WRIST = {
    "capitate": (138, 60), "radius_physis": (158, 50), "radius_shaft": (196, 50), "ulna_physis": (158, 74),
    "ulna_shaft": (196, 74),
}  # fmt: skip


def draw_hand(rng: np.random.Generator, source: str = "hand") -> tuple[Scan, Points]:
    """Return a volume of anisotropic voxels, and its landmarks in voxels."""
    scheme = read_scheme("hand34")
    in_mm = np.array([(24.0, *_place(name)) for name in scheme.names])
    middle = in_mm.mean(axis=0)
    in_mm = middle + (in_mm - middle) * rng.uniform(0.9, 1.0) + rng.normal(0, 0.6, in_mm.shape)
    in_mm[:, 0] += 0.06 * (in_mm[:, 2] - middle[2]) + rng.normal(0, 2)
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in _SHAPE), indexing="ij"), axis=-1) * SPACING_MM
    where = dict(zip(scheme.names, in_mm, strict=True))
    flesh, bone = np.full(_SHAPE, np.inf), np.full(_SHAPE, np.inf)
    for first, second in scheme.pairs:
        along = where[second] - where[first]
        part = np.clip(((grid - where[first]) @ along) / (along @ along), 0, 1)
        off = np.linalg.norm(grid - where[first] - part[..., None] * along, axis=-1)
        flesh, bone = np.minimum(flesh, off), np.minimum(bone, off)
    pixels = np.where(flesh < 11, 60.0, 5.0) + np.where(bone < 5, 90.0, 0.0)
    for name, place in where.items():
        if name.endswith("physis"):
            pixels -= 80 * (np.linalg.norm((grid - place) / (4, 1, 4), axis=-1) < 1.2)
    pixels += rng.normal(0, 4, _SHAPE)
    scan = Scan(pixels, spacing=SPACING_MM, spacing_unit="mm", modality="mri", source=source, phantom=True)
    return scan, Points(scheme.names, in_mm / SPACING_MM)


def _place(name: str) -> tuple[float, float]:
    ray = name.split("_")[0]
    if ray not in _RAYS:
        return _WRIST[name]
    base, tip = map(np.array, _RAYS[ray])
    row, column = base + _ALONG[name.removeprefix(f"{ray}_")] * (tip - base)
    return float(row), float(column)
