"""The landmark localiser: features, voting forest, stages, settings. Knows nothing of ages, nor of hands."""

if __name__ != "boneage.landmarks":
    raise ImportError(f"import boneage.landmarks, not {__name__}: that would make a second copy of every class")

from boneage.landmarks.forest import VotingForest
from boneage.landmarks.localiser import ForestLocaliser
from boneage.landmarks.settings import (
    PRESETS,
    ForestSettings,
    LocaliserSettings,
    StageSettings,
    accurate,
    change_stages,
    fast,
    paper,
    with_vote_weight,
)
from boneage.landmarks.voting import VoteMap

__all__ = [
    "PRESETS",
    "ForestLocaliser",
    "ForestSettings",
    "LocaliserSettings",
    "StageSettings",
    "VoteMap",
    "VotingForest",
    "accurate",
    "change_stages",
    "fast",
    "paper",
    "with_vote_weight",
]
