"""Hands in space, drawn with few strokes: bright tubes along the lines of the scheme ``hand34`` in a grey mitten."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from boneage.imaging import Points, Scan, read_scheme, write_landmarks
from boneage.imaging.volumes.writing import write_volume
from boneage.landmarks import ForestSettings, LocaliserSettings, StageSettings

SPACING_MM = (3.0, 1.25, 1.5)
"""Of planes, rows and columns."""

_SHAPE = (16, 168, 80)
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
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in _SHAPE), indexing="ij"), axis=-1).astype(np.float32)
    grid *= np.array(SPACING_MM, np.float32)
    where = dict(zip(scheme.names, in_mm, strict=True))
    off = np.full(_SHAPE, np.inf, np.float32)
    for first, second in scheme.pairs:
        start, along = where[first].astype(np.float32), (where[second] - where[first]).astype(np.float32)
        part = np.clip(((grid - start) @ along) / (along @ along), 0, 1)
        off = np.minimum(off, ((grid - start - part[..., None] * along) ** 2).sum(axis=-1))
    pixels = np.where(off < 11**2, 60.0, 5.0) + np.where(off < 5**2, 90.0, 0.0)
    for name, place in where.items():
        if name.endswith("physis"):
            pixels[(((grid - place.astype(np.float32)) / np.array([4, 1, 4], np.float32)) ** 2).sum(-1) < 1.5] -= 80
    pixels += rng.normal(0, 4, _SHAPE)
    scan = Scan(pixels, spacing=SPACING_MM, spacing_unit="mm", modality="mri", source=source, phantom=True)
    return scan, Points(scheme.names, in_mm / SPACING_MM)


def write_hands(folder: Path, count: int, seed: int) -> None:
    """Write ``images/volume1.nii.gz`` ... and ``landmarks.csv``."""
    (folder / "images").mkdir(parents=True)
    rng, points = np.random.default_rng(seed), {}
    for number in range(1, count + 1):
        scan, points[f"volume{number}"] = draw_hand(rng)
        write_volume(folder / "images" / f"volume{number}.nii.gz", scan)
    write_landmarks(folder / "landmarks.csv", points)


def quick_settings() -> LocaliserSettings:
    """A localiser that learns such hands, which all lie alike, in seconds."""
    forest = ForestSettings(n_trees=4, max_depth=8, n_features=30, min_leaf=3)
    coarse = StageSettings(
        resolution=30, feature_range=0.25, n_positions=300, n_copies=1, max_rotation_rad=0.05, max_log_scale=0.05,
        vote_weight="displacement", vote_length=0.2, smoothing=0.04, step=2, forest=forest,
    )  # fmt: skip
    local = StageSettings(
        resolution=60, feature_range=0.08, n_positions=40, radius=0.08, n_copies=1, max_rotation_rad=0.05,
        vote_weight="spread", vote_length=0.02, smoothing=0.02, step=2, contrast=0.1, forest=forest,
    )  # fmt: skip
    return LocaliserSettings(pose=None, coarse=coarse, local=(local,), n_neighbours=3)


def _place(name: str) -> tuple[float, float]:
    ray = name.split("_")[0]
    if ray not in _RAYS:
        return _WRIST[name]
    base, tip = map(np.array, _RAYS[ray])
    row, column = base + _ALONG[name.removeprefix(f"{ray}_")] * (tip - base)
    return float(row), float(column)
