"""Pictures of which a reader must be told, or that must be refused: folders of altered real hands and of samples.

Usage: python docs/measure/altered_hands.py MODEL IMAGES OUT N

Of N hands of IMAGES, drawn at random and located by MODEL, OUT gets a folder each of hands without a finger, of the
halves, and of two hands side by side; and one of scikit-image's sample pictures. They show patients' pixels, as IMAGES
do. Pictures of no hand are made by `boneage phantom --anatomy`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image

from boneage.imaging import Scan, find_scans, read_scan
from boneage.imaging.phantoms.altered_hands import FINGERS, halve_hand, join_hands, remove_finger
from boneage.pipeline import load_localiser

ALL_FINGERS = {**FINGERS, "thumb": ("thumb_MCP", "thumb_IP", "thumb_tip")}
SAMPLES = (
    *("camera", "coins", "moon", "page", "clock", "text", "brick", "grass", "gravel", "cell", "binary_blobs"),
    *("checkerboard", "microaneurysms", "horse", "shepp_logan_phantom", "astronaut", "chelsea", "coffee", "rocket"),
    *("hubble_deep_field", "colorwheel", "immunohistochemistry"),
)


def main(model: str, images: str, out: str, n: str) -> None:
    """Write the folders."""
    localiser, _ = load_localiser(model)
    rng = np.random.default_rng(0)
    paths = find_scans(Path(images))
    chosen = [paths[k] for k in rng.choice(len(paths), int(n), replace=False)]
    scans = [read_scan(path) for path in chosen]
    located = [(scan, localiser.locate(scan)) for scan in scans]
    for number, (path, (scan, points)) in enumerate(zip(chosen, located, strict=True)):
        finger = list(ALL_FINGERS)[number % len(ALL_FINGERS)]
        if points.select(ALL_FINGERS[finger]).present.all():
            save(
                Path(out),
                "finger-missing",
                f"{path.stem}_{finger}",
                remove_finger(rng, scan, points, ALL_FINGERS[finger])[0],
            )
        for half in ("left", "right", "upper", "lower"):
            save(Path(out), f"{half}-half", path.stem, halve_hand(scan, points, half)[0])
        if number % 2:
            save(Path(out), "two-hands", path.stem, join_hands(located[number - 1], (scan, points))[0])
    for name in SAMPLES:
        pixels = np.asarray(getattr(skimage.data, name)(), dtype=np.float64)
        save(Path(out), "samples", name, Scan(pixels[..., :3].mean(axis=-1) if pixels.ndim == 3 else pixels))


def save(out: Path, kind: str, name: str, scan: Scan) -> None:
    """Write a picture as a PNG file of 8 bits, the darkest grey as 0 and the brightest as 255."""
    folder = out / kind / "images"
    folder.mkdir(parents=True, exist_ok=True)
    grey = (scan.pixels - scan.pixels.min()) * (255.0 / (float(np.ptp(scan.pixels)) or 1.0))
    Image.fromarray(np.rint(grey).astype(np.uint8)).save(folder / f"{name}.png")


if __name__ == "__main__":
    main(*sys.argv[1:])
