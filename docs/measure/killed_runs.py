"""A run over real hands that is killed again and again: what is kept, and whether its tables are those of a whole run.

Usage: python docs/measure/killed_runs.py IMAGES SEXES [N_FILES [N_KILLS [JOBS]]]

The same command is started, killed (SIGKILL) when some further hands are done, and started again; the number of hands
is drawn, so that the kills fall all over the run. Prints the kept hands before each kill, and the comparison.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from boneage.imaging import find_scans

TABLES = ("ages.csv", "ages.jsonl", "landmarks.csv")


def start(images: Path, sexes: Path, out: Path, jobs: int) -> subprocess.Popen[str]:
    """Start ``boneage predict`` in a process of its own."""
    arguments = ["predict", str(images), "--sex-csv", str(sexes), "--out", str(out), "--jobs", str(jobs)]
    code = "from boneage.cli.app import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True
    )


def count_done(out: Path) -> int:
    """Return how many hands have been drawn."""
    return len(list((out / "overlays").glob("*.png")))


def main(images: Path, sexes: Path, n_files: int = 200, n_kills: int = 20, jobs: int = 2) -> None:
    """Run once without a kill and once with many, and compare."""
    rng = random.Random(1)
    with tempfile.TemporaryDirectory() as place:
        folder, whole, killed = (Path(place) / name for name in ("in", "whole", "killed"))
        folder.mkdir()
        for path in find_scans(images)[:n_files]:
            (folder / path.name).symlink_to(path.absolute())
        start(folder, sexes, whole, jobs).wait()
        moments = sorted(rng.sample(range(1, n_files - 1), n_kills))
        print("| kill | seconds after the start | hands drawn before |\n|---|---|---|")
        for number, moment in enumerate(moments, start=1):
            began = time.monotonic()
            run = start(folder, sexes, killed, jobs)
            while run.poll() is None and count_done(killed) < moment:
                time.sleep(0.01)
            run.kill()
            run.wait()
            print(f"| {number} | {time.monotonic() - began:.1f} | {count_done(killed)} |", flush=True)
        code = start(folder, sexes, killed, jobs).wait()
        same = {name: (whole / name).read_bytes() == (killed / name).read_bytes() for name in TABLES}
        rows = (killed / "ages.csv").read_text().splitlines()[1:]
        unique = len({row.split(",")[0] for row in rows})
        left = [path.name for path in killed.rglob(".*") if path.is_file()]
        print(f"\n{len(rows)} rows of {n_files} files, {unique} different; exit code {code}; left: {left or 'nothing'}")
        print("the same bytes as a whole run:", ", ".join(f"{name} {same[name]}" for name in TABLES))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:]))
