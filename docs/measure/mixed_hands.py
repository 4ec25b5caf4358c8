"""The training set of the shipped localiser: several landmark sets in one folder and one table of 37 landmarks.

Usage: python docs/measure/mixed_hands.py DATA OUT

DATA holds ``dha``, ``rsna100`` and ``rsna_native``. OUT/images gets the radiographs of ``dha``, the same as thumbnails
of 100 x 100 pixels, and the thumbnails of ``rsna100`` that have keypoints, of which the fingers' joints are among
the 37 (the others are blank); hands of ``rsna_native`` are left out. OUT/landmarks.csv is in pixels of those files.
OUT/ages.csv has the ages of the radiographs of ``dha``; ids have a prefix, as two sets may share an id.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import cv2
import numpy as np

from boneage.imaging import Points, Scan, find_scans, read_names, rename_landmarks, write_landmarks
from boneage.pipeline.data import load_collection
from boneage.pipeline.storage.output import write_table
from boneage.regression.proportions import to_thumbnail

_SIDE = 100


def main(data: Path, out: Path) -> None:
    """Write the images and the table."""
    (out / "images").mkdir(parents=True, exist_ok=True)
    known: dict[str, Points] = {}

    def add(id_: str, scan: Scan, points: Points) -> None:
        cv2.imwrite(str(out / "images" / f"{id_}.png"), scan.pixels.round().astype(np.uint8))
        in_file = scan.frame_to_original().inverse().apply(points.positions)
        known[id_] = dataclasses.replace(points, positions=in_file)

    tables = data / "dha"
    atlas = load_collection([tables / "images"], landmarks=tables / "landmarks37.csv", ages=[tables / "ages.csv"])
    assert atlas.landmarks is not None
    for id_ in atlas.ids:
        scan, points = atlas.scan(id_), atlas.landmarks.points[id_]
        add(f"dha{id_}", scan, points)
        add(f"dhathumb{id_}", to_thumbnail(scan, _SIDE), points)
    left_out = {path.stem for path in find_scans(data / "rsna_native" / "images")}
    others = load_collection([data / "rsna100" / "images"], landmarks=data / "rsna100" / "keypoints21.csv")
    assert others.landmarks is not None
    fingers = {new: old for old, new in read_names("hand37_to_hand21").items()}
    joints = rename_landmarks(others.landmarks, fingers)
    for id_ in sorted(set(joints.points) & set(others.ids) - left_out):
        positions = np.full((len(atlas.landmarks.names), 2), np.nan)
        positions[[atlas.landmarks.names.index(name) for name in joints.names]] = joints.points[id_].positions
        add(f"rsna{id_}", others.scan(id_), Points(atlas.landmarks.names, positions))
    write_landmarks(out / "landmarks.csv", known)
    ages = {f"dha{id_}": age for id_, age in atlas.ages.items() if id_ in atlas.ids}
    rows = [{"id": id_, "boneage_months": f"{age.boneage_months:g}", "sex": age.sex} for id_, age in ages.items()]
    write_table(out / "ages.csv", rows)
    print(f"{len(known)} images in {out}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
