"""Give the age models of a pipeline another localiser: how the shipped model got its present one.

Usage: python docs/measure/replace_localiser.py PIPELINE LOCALISER OUT
"""

from __future__ import annotations

import sys

from boneage.pipeline import BoneAgePipeline, load_localiser


def main(pipeline: str, localiser: str, out: str) -> None:
    """Write the pipeline's age models with the other localiser, weights in half precision."""
    old = BoneAgePipeline.load(pipeline)
    new, summary = load_localiser(localiser)
    BoneAgePipeline(new, old.age_models, {**old.summary, "localiser": dict(summary)}).save(out, half=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
