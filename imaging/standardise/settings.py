"""Settings of standardising: every constant that decides what it finds."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from boneage.imaging.plain_data import STRICT, check

_MOST = 1000  # of what is counted: more would only cost time


def _check_numbers(settings: Any, *, positive: tuple[str, ...] = (), counts: tuple[str, ...] = ()) -> None:
    """Raise a ValueError unless all numbers are finite and not negative, some of them positive, or counts."""
    numbers = {
        f.name: value
        for f in dataclasses.fields(settings)
        if isinstance(value := getattr(settings, f.name), float | int)
    }
    for name, value in numbers.items():
        check(name, value, 0 <= value < math.inf, "finite and not negative")
    for name in positive:
        check(name, numbers[name], numbers[name] > 0, "positive")
    for name in counts:
        check(name, numbers[name], 1 <= numbers[name] <= _MOST, f"1 to {_MOST}")


def _check_range(settings: Any, low: str, high: str, most: float = 100.0) -> None:
    """Raise a ValueError unless one number is less than another, as a lower percentile is."""
    a, b = getattr(settings, low), getattr(settings, high)
    check(f"{low} and {high}", (a, b), 0 <= a < b <= most, f"two numbers from 0 to {most:g} in order")


@dataclass(frozen=True)
class FieldSettings:
    """How the exposed field is found.

    Parameters
    ----------
    edge_noise : float
        An edge pixel's gradient is at least so many times the median gradient ...
    edge_contrast : float
        ... and at least this part of the picture's range.
    angle_tolerance_rad : float
        An edge pixel belongs to a line if its gradient is off the line's normal by at most this.
    min_length : float
        A side is at least this part of the picture's shorter side ...
    min_coverage, coverage_by_cut, max_coverage : float
        ... and covered by edge pixels over at least ``min_coverage`` of its length, and by ``coverage_by_cut`` more for
        each part of the picture that it cuts off, up to ``max_coverage``.
    max_shear_rad : float
        The sides are off the directions of one rectangle by at most this.
    max_across, max_apart : float
        Outside a side there are at most ``max_across`` of the picture's edge pixels if they run across it, and at most
        ``max_apart`` in all, those of other sides apart.
    min_size : float
        The field's sides are at least this part of the picture's; else the whole picture is kept.
    confidence_without_sides : float
        Of the whole picture where no side is found.
    n_lines : int
        Number of straight lines that are looked at.
    margin : float
        What is cut off inside of a side, in pixels of the working copy: the rest of its blurred edge.
    min_rotation_rad : float
        The picture is rotated if the field's sides are aslant by more ...
    max_area : float
        ... and the aslant rectangle's area is less than this part of the upright one's.
    """

    __pydantic_config__ = STRICT

    edge_noise: float = 4.0
    edge_contrast: float = 0.006
    angle_tolerance_rad: float = 0.2
    min_length: float = 0.2
    min_coverage: float = 0.55
    coverage_by_cut: float = 3.0
    max_coverage: float = 0.7
    max_shear_rad: float = 0.13
    max_across: float = 0.01
    max_apart: float = 0.08
    min_size: float = 0.2
    confidence_without_sides: float = 0.5
    n_lines: int = 24
    margin: float = 2.0
    min_rotation_rad: float = 0.0175
    max_area: float = 0.97

    def __post_init__(self) -> None:
        _check_numbers(self, positive=("angle_tolerance_rad", "min_length"), counts=("n_lines",))


@dataclass(frozen=True)
class MaskSettings:
    """How the hand is told from the air around it.

    Parameters
    ----------
    size : int
        Longer side of the mask's grid, in pixels.
    min_size : int
        A grid whose shorter side is smaller has no hand.
    black, white : float
        Percentiles of the field's grey that become 0 and 1.
    blank_depth : tuple of float
        Pixels within the first part of the way from the darkest to the median are blanks, if fewer lie between the
        first and the second part ...
    max_blank : float
        ... and if they are at most this part of the field.
    weight_above : float
        Weight of pixels above the air's brightness in the last of its fits.
    background_ridge : float
        Penalty of an uneven brightness.
    n_fits : int
    lowest_threshold, highest_threshold : float
        Range of the threshold, in parts of Otsu's.
    n_thresholds : int
    min_area : float
        A hand covers at least this part of the field.
    max_filling : float
        A part that fills more of the smallest rectangle around it is a plate or a border.
    min_second_hand : float
        A second hand has at least this part of the largest one's area.
    edge_noise : float
        The outline lies on an edge where the slope is so many times that of the air.
    contact : int
        The hand reaches a side of the field if it comes as near as this, in pixels of the grid.
    """

    __pydantic_config__ = STRICT

    size: int = 128
    min_size: int = 8
    black: float = 1.0
    white: float = 97.0
    blank_depth: tuple[float, float] = (0.35, 0.6)
    max_blank: float = 0.15
    weight_above: float = 0.03
    background_ridge: float = 1e-4
    n_fits: int = 12
    lowest_threshold: float = 0.25
    highest_threshold: float = 0.7
    n_thresholds: int = 16
    min_area: float = 0.02
    max_filling: float = 0.85
    min_second_hand: float = 0.3
    edge_noise: float = 4.0
    contact: int = 4

    def __post_init__(self) -> None:
        _check_numbers(self, positive=("weight_above", "background_ridge"), counts=("size", "n_fits", "n_thresholds"))
        _check_range(self, "black", "white")
        _check_range(self, "lowest_threshold", "highest_threshold")
        first, second = self.blank_depth
        check("blank_depth", self.blank_depth, 0 <= first <= second <= 1, "two parts in order")


@dataclass(frozen=True)
class FingerSettings:
    """What counts as a finger. Lengths are in units of the radius of the largest circle in the hand's outline.

    Parameters
    ----------
    thickness : float
        Radius of the disc that does not fit into a finger.
    min_distance : float
        Pixels of fingers are at least this far from the palm's centre.
    min_length : float
        A finger's tip is at least this far from it.
    min_area : float
        Area of a finger, in squares of the radius.
    max_spread_rad : float
        Largest angle between a finger and the direction of all.
    min_fingers : int
        A part with fewer is no second hand.
    """

    __pydantic_config__ = STRICT

    thickness: float = 0.55
    min_distance: float = 1.2
    min_length: float = 1.6
    min_area: float = 0.15
    max_spread_rad: float = 2.2
    min_fingers: int = 3

    def __post_init__(self) -> None:
        _check_numbers(self, positive=("thickness",))


@dataclass(frozen=True)
class OtherHandSettings:
    """What counts as another hand, beside the one that was found first.

    Parameters
    ----------
    min_palm : float
        Radius of its palm, in parts of the first one's: rims of fields and fingers of adults have none.
    min_distance : float
        Of two hands that touch: how far their palms' centres are apart, in radii of the larger one.
    min_strip : float
        Another hand is looked for in strips of the picture that are at least so wide, in lengths of the first one.
    min_length : float
        It is at least so long, and at most the inverse of it, in lengths of the first one.
    min_fingers : int
        Fewer than of hands in one field: it may be cut off.
    min_quality : float
        Of its outline.
    """

    __pydantic_config__ = STRICT

    min_palm: float = 0.5
    min_distance: float = 2.2
    min_strip: float = 0.3
    min_length: float = 0.5
    min_fingers: int = 2
    min_quality: float = 0.7

    def __post_init__(self) -> None:
        _check_numbers(self, positive=("min_strip", "min_length"))


@dataclass(frozen=True)
class PolaritySettings:
    """How the polarity is judged: a logistic regression without intercept on numbers that inversion negates.

    Parameters
    ----------
    size : int
        Longer side of the picture that they are computed from.
    black, white : float
        Percentiles of the field's grey that become -1 and 1.
    weights : tuple of float
        Of the numbers that :func:`~boneage.imaging.standardise.polarity.measure_polarity` returns.
    sure : float
        With less confidence the hand is looked for in both polarities, ...
    hand_weight : float
        ... and the better seen one weighs so much.
    max_confidence : float
        One real hand in a thousand was judged wrong however clear it looked.
    """

    __pydantic_config__ = STRICT

    size: int = 100
    black: float = 2.0
    white: float = 98.0
    weights: tuple[float, float, float, float, float] = (2.9, 3.4, 0.4, 1.9, 2.1)
    sure: float = 0.95
    hand_weight: float = 6.0
    max_confidence: float = 0.998

    def __post_init__(self) -> None:
        _check_numbers(self, counts=("size",))
        _check_range(self, "black", "white")
        check("weights", self.weights, all(map(math.isfinite, self.weights)), "finite")
        check("max_confidence", self.max_confidence, 0.5 <= self.max_confidence < 1, "in [0.5, 1)")


@dataclass(frozen=True)
class WindowSettings:
    """Which grey values become 0 and 1.

    Parameters
    ----------
    ring : float
        The air around the hand up to this distance counts, in parts of the field's longer side: not what lies farther
        off in bands and corners of the field.
    air, bone : float
        The percentile of that air's grey that becomes 0, and that of the hand's grey that becomes 1.
    max_clipped : float
        No hand has more than this part of the field brighter than itself.
    black, white : float
        The percentiles of all grey in the field, where no hand is found.
    """

    __pydantic_config__ = STRICT

    ring: float = 0.08
    air: float = 15.0
    bone: float = 99.8
    max_clipped: float = 0.25
    black: float = 2.0
    white: float = 99.5

    def __post_init__(self) -> None:
        _check_numbers(self)
        _check_range(self, "black", "white")
        for name in ("air", "bone"):
            check(name, getattr(self, name), getattr(self, name) <= 100, "a percentile")


@dataclass(frozen=True)
class FindingSettings:
    """When a reader is told of something.

    Parameters
    ----------
    max_noise : float
        Standard deviation of the noise from pixel to pixel, in parts of the window.
    min_levels : int
        Number of grey levels in the window.
    min_length : float
        Length of the hand with the forearm, in the file's pixels.
    min_convergence_rad : float
        Angle between opposite sides of a film in a photograph ...
    min_surround : float
        ... with a surround that is brighter than this part of the window.
    light_box_level : float
        A light box is brighter than this part of the way from the darkest to its own brightness at the rim ...
    min_rim : float
        ... and at least this part of the picture's rim.
    min_film, min_filling : float
        The film on it has at least this part of the picture's area, and fills its four sides to this part.
    """

    __pydantic_config__ = STRICT

    max_noise: float = 0.05
    min_levels: int = 16
    min_length: float = 60.0
    min_convergence_rad: float = 0.026
    min_surround: float = 1.0
    light_box_level: float = 0.75
    min_rim: float = 0.97
    min_film: float = 0.1
    min_filling: float = 0.95

    def __post_init__(self) -> None:
        _check_numbers(self)


@dataclass(frozen=True)
class StandardiseSettings:
    """All settings of :func:`~boneage.imaging.standardise.standardise`.

    Parameters
    ----------
    size : int
        Longer side of the working copy that everything is decided on, in pixels.
    reach : float
        On a side that the hand reaches, the picture goes on for this part of the field's longer side beyond it.
    field, polarity, mask, fingers, others, window, findings : dataclass
        Settings of each step.
    """

    __pydantic_config__ = STRICT

    size: int = 300
    reach: float = 0.06
    field: FieldSettings = dataclasses.field(default_factory=FieldSettings)
    polarity: PolaritySettings = dataclasses.field(default_factory=PolaritySettings)
    mask: MaskSettings = dataclasses.field(default_factory=MaskSettings)
    fingers: FingerSettings = dataclasses.field(default_factory=FingerSettings)
    others: OtherHandSettings = dataclasses.field(default_factory=OtherHandSettings)
    window: WindowSettings = dataclasses.field(default_factory=WindowSettings)
    findings: FindingSettings = dataclasses.field(default_factory=FindingSettings)

    def __post_init__(self) -> None:
        _check_numbers(self, positive=("size",))
