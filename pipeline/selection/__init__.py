"""Which hands to annotate next: a pool of pictures is read, described, weighed by a model, and chosen from."""

from boneage.pipeline.selection.ages import AGE_STRATEGIES, ask_age_models, open_age_models
from boneage.pipeline.selection.landmarks import LANDMARK_STRATEGIES, ask_localiser, join_doubts, open_localiser
from boneage.pipeline.selection.output import write_selection
from boneage.pipeline.selection.pool import Pool, read_pool
from boneage.pipeline.selection.strategies import (
    PICTURE_STRATEGIES,
    Selection,
    Signals,
    choose,
)

__all__ = [
    "AGE_STRATEGIES",
    "LANDMARK_STRATEGIES",
    "PICTURE_STRATEGIES",
    "Pool",
    "Selection",
    "Signals",
    "ask_age_models",
    "ask_localiser",
    "choose",
    "join_doubts",
    "open_age_models",
    "open_localiser",
    "read_pool",
    "write_selection",
]
