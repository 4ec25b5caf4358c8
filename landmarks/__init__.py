"""The landmark localiser: features, voting forest, stages, settings. It is independent of ages and of hands."""

if __name__ != "boneage.landmarks":
    raise ImportError(f"import boneage.landmarks, not {__name__}: that would make a second copy of every class")

from boneage.landmarks.acceptance import Acceptance, Evidence, Verdict
from boneage.landmarks.forest import VotingForest
from boneage.landmarks.localiser import ForestLocaliser, LocatedScan
from boneage.landmarks.presets import PRESETS, accurate, compact, fast, paper
from boneage.landmarks.settings import (
    ForestSettings,
    LocaliserSettings,
    StageSettings,
    change_stages,
    with_vote_weight,
)
from boneage.landmarks.voting import VoteMap

__all__ = [
    "PRESETS",
    "Acceptance",
    "Evidence",
    "ForestLocaliser",
    "ForestSettings",
    "LocaliserSettings",
    "LocatedScan",
    "StageSettings",
    "Verdict",
    "VoteMap",
    "VotingForest",
    "accurate",
    "change_stages",
    "compact",
    "fast",
    "paper",
    "with_vote_weight",
]
