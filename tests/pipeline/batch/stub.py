"""A processor without a model: it notes the width of a picture, and does what the picture's name says."""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from PIL import Image

from boneage.imaging.errors import InvalidModelFile
from boneage.pipeline.batch.run import RunOptions, iterate_files, run_files
from boneage.pipeline.batch.stored_results import StoredResults
from boneage.pipeline.batch.tasks import make_tasks
from boneage.pipeline.storage.output import name_output, write_atomically, write_rows


@dataclass(frozen=True)
class Width:
    id: str
    path: str
    sex: str | None = None
    width: int = 0
    reason: str = ""

    @property
    def status(self):
        return "refused" if self.reason else "ok"


@dataclass(frozen=True)
class Stub:
    out: Path
    prepares: str = ""

    def prepare(self):
        if self.prepares == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.prepares == "fail":
            raise InvalidModelFile(self.out, "has changed since the run began")

    def split(self, task, scan):
        return [(replace(task, id=f"{task.id}{part}"), scan) for part in ("", "#2")[: 1 + task.id.startswith("two")]]

    def refuse(self, task, reason):
        return Width(task.id, task.name, task.sex, reason=reason)

    def process(self, task, scan):
        if task.id.startswith("kill"):
            os.kill(os.getpid(), signal.SIGKILL)
        if task.id.startswith("hang"):
            time.sleep(600)
        if task.id.startswith("stop"):
            os.kill(os.getpid(), signal.SIGTERM)
        return Width(task.id, task.name, task.sex, scan.pixels.shape[1])

    def outputs(self, task, scan, result):
        return [("note", lambda: write_atomically(self.out / name_output(task.id, ".txt"), f"{result.width}"))]

    def finish(self, result, remarks):
        return replace(result, reason="; ".join(remarks))

    def to_json(self, result):
        return asdict(result)


def draw(path, width=20):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.linear_gradient("L").resize((width, 20)).save(path, "PNG")
    return path


def run_stub(paths, out, *, jobs=1, sexes=None, sizes=None, model="stub 1", progress=None, exports=None, **options):
    """Measure pictures as a command does."""
    (out / "notes").mkdir(parents=True, exist_ok=True)
    results = StoredResults(out, lambda data: Width(**data))
    tasks = make_tasks(paths, sexes=sexes, sizes=sizes or {}, base=options.get("base"), notes=options.get("notes"))
    table = out / "widths.csv"
    run_files(
        Stub(out / "notes"), tasks, out, {"command": "measure", "model": model},
        {"widths.csv": lambda: write_rows(table, map(asdict, results)), **(exports or {})},
        stage="measuring", jobs=jobs, options=RunOptions(**options), progress=progress,
    )  # fmt: skip
    return results


def iterate_stub(paths, out, *, jobs=1, **options):
    """Yield the widths of each file, as a run of the same command and model."""
    (out / "notes").mkdir(parents=True, exist_ok=True)
    files = iterate_files(
        Stub(out / "notes"), make_tasks(paths, sexes=None, sizes={}), out, {"command": "measure", "model": "stub 1"},
        {}, stage="measuring", jobs=jobs, options=RunOptions(**options), progress=None,
    )  # fmt: skip
    with closing(files):
        for rows in files:
            yield [json.loads(row)["width"] for row in rows]
