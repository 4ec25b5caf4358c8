"""Any radiograph as archives keep it, brought to one standard form: exposed field, polarity, grey window, hand."""

from boneage.imaging.standardise.results import (
    ExposedField,
    Finding,
    GreyWindow,
    HandMask,
    Polarity,
    StandardisedScan,
    Upright,
)
from boneage.imaging.standardise.settings import (
    FieldSettings,
    FindingSettings,
    FingerSettings,
    MaskSettings,
    OtherHandSettings,
    PolaritySettings,
    StandardiseSettings,
    WindowSettings,
)
from boneage.imaging.standardise.splitting import split_hands
from boneage.imaging.standardise.standardising import crop_field, standardise

__all__ = [
    "ExposedField",
    "FieldSettings",
    "Finding",
    "FindingSettings",
    "FingerSettings",
    "GreyWindow",
    "HandMask",
    "MaskSettings",
    "OtherHandSettings",
    "Polarity",
    "PolaritySettings",
    "StandardiseSettings",
    "StandardisedScan",
    "Upright",
    "WindowSettings",
    "crop_field",
    "split_hands",
    "standardise",
]
