"""Give a pipeline another localiser, and let it judge by real hands: how the shipped model got its present one.

Usage: python docs/measure/replace_localiser.py PIPELINE LOCALISER OUT [IDS IMAGES...]

LOCALISER is a localiser's file or a pipeline's, or the name of a preset: the pipeline's own trees then, that search for
the pose as the preset does. IDS is a file with the ids of hands that it has not learnt from, one a line: how they are
located in each of the folders IMAGES decides what is refused. Without it the localiser judges as it does.
docs/measure/held_out_hands.py chooses them.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from boneage.imaging.errors import InvalidInput
from boneage.landmarks import PRESETS, ForestLocaliser
from boneage.pipeline import BoneAgePipeline, load_localiser
from boneage.pipeline.data import load_collection
from boneage.pipeline.pipeline import fingerprint_localiser
from boneage.pipeline.training.acceptance import measure_acceptance


def main(pipeline: str, localiser: str, out: str, ids: str = "", *images: str) -> None:
    """Write the pipeline's age models with the other localiser, weights in half precision.

    A calibration is kept where the localiser finds landmarks as the pipeline's own does: ages stay the same.
    """
    old = BoneAgePipeline.load(pipeline)
    new, summary = load_localiser(pipeline if localiser in PRESETS else localiser)
    if localiser in PRESETS:
        config, arrays = new.to_state()
        settings = {**config["settings"], "search": dataclasses.asdict(PRESETS[localiser](new.ndim).search)}
        new = ForestLocaliser.from_state({**config, "settings": settings}, arrays)
    summary = dict(summary)
    if ids:
        chosen = Path(ids).read_text().split()
        known = sorted(set(chosen) & {id_.removeprefix("rsna") for id_ in summary["ids"]})
        if known:
            raise InvalidInput(f"the localiser has learnt from {len(known)} of the hands, such as {known[0]}")
        collections = [load_collection([Path(folder)], ids=Path(ids)) for folder in images]
        new, summary["acceptance"] = measure_acceptance(new, collections)
    calibration = old.calibration if locate_alike(old.localiser, new) else None
    summary = {**old.summary, "localiser": summary}
    dataclasses.replace(old, localiser=new, summary=summary, calibration=calibration).save(out, half=True)


def locate_alike(first: ForestLocaliser | None, second: ForestLocaliser) -> bool:
    """Whether two localisers find the same: they differ in their acceptance at most."""
    alone = [fingerprint_localiser(one.with_acceptance(None)) for one in (first, second) if one is not None]
    return len(alone) == 2 and alone[0] == alone[1]


if __name__ == "__main__":
    main(*sys.argv[1:])
