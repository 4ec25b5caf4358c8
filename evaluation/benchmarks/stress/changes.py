"""The changes of a radiograph that the stress benchmark makes, by their kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from boneage.evaluation.benchmarks.stress.geometry import (
    Change,
    Crop,
    Grey,
    Mirroring,
    Rotation,
    Scaling,
    Shrinking,
    Surround,
    Unchanged,
)
from boneage.evaluation.benchmarks.stress.grey_values import BitDepth, Blur, Contrast, Gamma, Inversion, Jpeg, Noise
from boneage.evaluation.benchmarks.stress.markers import Marker
from boneage.imaging.errors import InvalidInput

DrawChange = Callable[[np.random.Generator], Change]
"""Draws a change; most are always the same."""

UNCHANGED = "unchanged"


def _fixed(change: Change) -> DrawChange:
    return lambda _: change


def _draw_noise(sigma: float) -> DrawChange:
    return lambda rng: Noise(sigma, int(rng.integers(2**31)))


def _draw_small(size: float) -> DrawChange:
    return lambda rng: Surround("air", size, place=(float(rng.uniform()), float(rng.uniform())))


def _draw_aslant(grey: Grey) -> DrawChange:
    return lambda rng: Surround(grey, 1.1, degrees=float(rng.uniform(8, 25) * rng.choice([-1, 1])))


CHANGES: Mapping[str, Mapping[str, DrawChange]] = {
    "rotation": {f"rotated {degrees}°": _fixed(Rotation(degrees)) for degrees in range(15, 360, 15)},
    "mirror": {"mirrored": _fixed(Mirroring())},
    "inversion": {"inverted": _fixed(Inversion())},
    "gamma": {"gamma 0.5 (brighter)": _fixed(Gamma(0.5)), "gamma 2 (darker)": _fixed(Gamma(2.0))},
    "contrast": {"contrast x 0.25": _fixed(Contrast(0.25)), "contrast x 2": _fixed(Contrast(2.0))},
    "noise": {f"noise, sigma {sigma} of 255": _draw_noise(sigma) for sigma in (5, 10, 25, 50)},
    "blur": {f"blur, sigma {part:.1%} of the side": _fixed(Blur(part)) for part in (0.002, 0.005)},
    "jpeg": {f"JPEG, quality {quality}": _fixed(Jpeg(quality)) for quality in (50, 20, 10)},
    "bits": {f"{bits} bits": _fixed(BitDepth(bits)) for bits in (8, 12, 16)},
    "pixels": {
        "twice the size": _fixed(Scaling(2.0)),
        "half the size": _fixed(Scaling(0.5)),
        **{f"longest side {side} px": _fixed(Shrinking(side)) for side in (300, 150, 100)},
    },
    "crop": {
        f"{end} cropped, {share:.0%} of the hand": _fixed(Crop(end, share))
        for end in ("wrist", "tips")
        for share in (0.1, 0.2)
    },
    "surround": {
        "black surround": _fixed(Surround("black", 1.15)),
        "bright surround": _fixed(Surround("bright", 1.15)),
        "field aslant in black": _draw_aslant("black"),
        "field aslant in bright": _draw_aslant("bright"),
        **{f"small in its cassette, x {size}": _draw_small(size) for size in (1.5, 2.5, 3.5)},
    },
    "markers": {
        "lead letters": Marker.draw_letters,
        "plate in a corner": Marker.draw_plate,
        "plate on the hand": Marker.draw_plate_on_hand,
    },
}


def select_changes(kinds: Sequence[str] = ()) -> dict[str, DrawChange]:
    """Return the changes of some kinds by their names, or of all; the first is none at all.

    Raises
    ------
    InvalidInput
        If there is no change of a kind.

    Examples
    --------
    >>> list(select_changes(["mirror", "gamma"]))
    ['unchanged', 'mirrored', 'gamma 0.5 (brighter)', 'gamma 2 (darker)']
    """
    unknown = [kind for kind in kinds if kind not in CHANGES]
    if unknown:
        raise InvalidInput(f"there are changes of {', '.join(CHANGES)}; got {', '.join(unknown)}")
    chosen = [changes for kind, changes in CHANGES.items() if not kinds or kind in kinds]
    none_at_all: dict[str, DrawChange] = {UNCHANGED: _fixed(Unchanged())}
    return none_at_all | {name: draw for changes in chosen for name, draw in changes.items()}
