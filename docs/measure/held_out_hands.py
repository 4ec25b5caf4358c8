"""Choose hands that a localiser has not learnt from: to measure by them what is refused, and whether that holds.

Usage: python docs/measure/held_out_hands.py MODEL IMAGES OUT N M TESTED...

Of the files of IMAGES, whose names are numbers, N are drawn into OUT/calibration.txt, and of the others M with numbers
from 2000 to 4300, the most difficult ones, into OUT/test.txt. Files that a folder TESTED has too are left out.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

from boneage.imaging import find_scans
from boneage.pipeline import load_localiser

DIFFICULT = range(2000, 4301)


def main(model: str, images: str, out: str, n: str, m: str, *tested: str) -> None:
    """Write the two lists of ids."""
    known = {id_.removeprefix("rsna") for id_ in load_localiser(model)[1]["ids"]}
    known |= {path.stem for folder in tested for path in find_scans(Path(folder))}
    numbers = sorted(int(path.stem) for path in find_scans(Path(images)) if path.stem not in known)
    random.Random(1).shuffle(numbers)
    difficult = [number for number in numbers[int(n) :] if number in DIFFICULT][: int(m)]
    for name, chosen in (("calibration", numbers[: int(n)]), ("test", difficult)):
        (Path(out) / f"{name}.txt").write_text("".join(f"{number}\n" for number in chosen))


if __name__ == "__main__":
    main(*sys.argv[1:])
