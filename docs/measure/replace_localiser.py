"""Give a pipeline another localiser, and let it judge by real hands: how the shipped model got its present one.

Usage: python docs/measure/replace_localiser.py PIPELINE LOCALISER OUT [IMAGES IDS]

IDS is a file with the ids of hands in IMAGES that the localiser has not learnt from, one a line: how they are located
decides what is refused. Without it the localiser judges as it does. docs/measure/held_out_hands.py chooses them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from boneage.imaging.errors import InvalidInput
from boneage.pipeline import BoneAgePipeline, load_localiser
from boneage.pipeline.data import load_collection
from boneage.pipeline.training.acceptance import measure_acceptance


def main(pipeline: str, localiser: str, out: str, images: str = "", ids: str = "") -> None:
    """Write the pipeline's age models with the other localiser, weights in half precision."""
    old = BoneAgePipeline.load(pipeline)
    new, summary = load_localiser(localiser)
    summary = dict(summary)
    if images:
        chosen = Path(ids).read_text().split()
        known = sorted(set(chosen) & {id_.removeprefix("rsna") for id_ in summary["ids"]})
        if known:
            raise InvalidInput(f"the localiser has learnt from {len(known)} of the hands, such as {known[0]}")
        new, summary["acceptance"] = measure_acceptance(new, load_collection([Path(images)], ids=Path(ids)))
    BoneAgePipeline(new, old.age_models, {**old.summary, "localiser": summary}).save(out, half=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
