"""The rules by which a hand is refused or flagged: what a model reads, what is enough to build an age on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from boneage.imaging import Modality, Points, Scan, Sex
from boneage.imaging.standardise import Finding
from boneage.landmarks import Verdict
from boneage.landmarks.acceptance import BEYOND_OUTLINE, Term
from boneage.regression import RegionStack

READS: dict[Modality, str] = {"xray": "radiographs", "mri": "volumes (MR)"}

ENOUGH = 2 / 3  # of the landmarks: ages of hands with fewer were off by four years on average (docs/decisions/0006)
NEARLY_ALL = 0.9  # ... of those with fewer than this, by two
ENOUGH_DETAIL = 0.5  # of the pixels that the age models read: hands that they learn from have more (docs/age-report.md)
MANY = 0.4  # of the landmarks doubtful: they are placed by chance, and such ages were off by a year and more

_NO_HAND = "no hand that the model can read"
_TERMS: Mapping[Term, str] = {
    "pose": "the pose that fits it best fits as badly",
    "scores": "its landmarks are found as vaguely",
    "offsets": "its landmarks lie to each other as strangely",
    "outline": "as many of its landmarks lie outside its outline",
}

CroppedRegions = tuple[RegionStack | None, str]
"""The regions of a hand for one age model, or None and the fault for which there are none."""


def modality_of(ndim: int) -> Modality:
    """Return what has so many axes: a radiograph, or a volume."""
    return "mri" if ndim == 3 else "xray"


def find_modality_mismatch(scan: Scan, modality: Modality, remedy: str = "") -> str:
    """Return why a model that reads one modality does not read a scan; empty if it does.

    Parameters
    ----------
    scan : Scan
    modality : {"xray", "mri"}
        What the model reads.
    remedy : str, optional
        What to do, if another kind of model would read the scan.

    Examples
    --------
    >>> import numpy as np
    >>> find_modality_mismatch(Scan(np.eye(4)), "mri")
    'is a radiograph; the model reads volumes (MR)'
    >>> find_modality_mismatch(Scan(np.eye(4)), "xray")
    ''
    """
    if scan.ndim == 2 and scan.modality == "mri":
        return f"is a single MR slice; the model reads {READS[modality]}"
    if (scan.ndim == 3) == (modality == "mri"):
        return ""
    kind = "a volume (MR)" if scan.ndim == 3 else "a radiograph"
    return f"is {kind}; the model reads {READS[modality]}{remedy and ': '}{remedy}"


def find_landmark_fault(points: Points, verdict: Verdict | None = None) -> str:
    """Return why no age can be built on located landmarks; empty if one can.

    Where many landmarks are missing or doubtful, the remaining ones are placed by chance. How many are doubtful is not
    asked if they have been compared with those of real hands.
    """
    n_found, n_doubtful = int(points.present.sum()), int(points.doubtful.sum())
    if n_found < ENOUGH * len(points):
        reasons = set(points.reasons or ())
        of_all = f" ({reasons.pop()})" if len(reasons) == 1 else ""
        return f"{_NO_HAND}: {n_found} of {len(points)} landmarks found{of_all}"
    if verdict is not None:
        return "" if verdict.accepted else f"{_NO_HAND}: {describe_verdict(verdict)}"
    if n_doubtful > MANY * len(points):
        return f"{_NO_HAND}: {n_doubtful} of {len(points)} landmarks are doubtful"
    return ""


def describe_verdict(verdict: Verdict) -> str:
    """Return what tells located landmarks from those of real hands the most.

    Examples
    --------
    >>> describe_verdict(Verdict(0.001, False, "offsets", 1001))
    'its landmarks lie to each other as strangely as in 1 of 1001 real hands, or fewer'
    """
    return f"{_TERMS[verdict.term]} as in 1 of {verdict.one_in} real hands, or fewer"


def find_region_fault(regions: RegionStack) -> str:
    """Return why no age can be read from cropped regions; empty if one can.

    Half of them are enough: ages from ten or eleven of 17 were off as those from all (docs/refusing.md).
    """
    n_present = int(regions.present.sum())
    if 2 * n_present < len(regions.names):
        return f"{_NO_HAND}: {n_present} of {len(regions.names)} regions could be cropped"
    return ""


def describe_missing_regions(crops: Sequence[CroppedRegions]) -> list[str]:
    """Return remarks on the age models that took no part, and on the regions that the others lack."""
    stacks = [stack for stack, _ in crops if stack is not None]
    remarks = []
    if len(stacks) < len(crops):
        faults = dict.fromkeys(fault for _, fault in crops if fault)
        remarks.append(f"read by {len(stacks)} of {len(crops)} age models: {', '.join(faults)}")
    missing = (name for stack in stacks for name, there in zip(stack.names, stack.present, strict=True) if not there)
    names = ", ".join(dict.fromkeys(missing))
    return [*remarks, f"no region for {names}"] if names else remarks


def describe_missing_landmarks(points: Points | None) -> list[str]:
    """Return a remark where more than a few landmarks are missing."""
    if points is None or points.present.sum() >= NEARLY_ALL * len(points):
        return []
    return [f"only {points.present.sum()} of {len(points)} landmarks found"]


def describe_unsupported_landmarks(points: Points | None) -> list[str]:
    """Return a remark that names the landmarks which were left out because nothing is seen where they should be."""
    if points is None or points.reasons is None:
        return []
    names = [name for name, reason in zip(points.names, points.reasons, strict=True) if reason == BEYOND_OUTLINE]
    return [f"nothing seen where {', '.join(names)} should be"] if names else []


def describe_findings(findings: Sequence[Finding]) -> list[str]:
    """Return remarks on what standardising found, with what to do about it.

    Examples
    --------
    >>> describe_findings([Finding("two hands", "there are 2 hands in the picture")])
    ['there are 2 hands in the picture: predict --all-hands reads each']
    """
    remedies = {"two hands": ": predict --all-hands reads each"}
    return [finding.sentence + remedies.get(finding.kind, "") for finding in findings]


def describe_coarseness(pixels: float, detail: int) -> list[str]:
    """Return a remark where a hand has less than half the detail that an age model reads.

    Parameters
    ----------
    pixels : float
        That the hand measures from end to end; NaN where that is not known.
    detail : int
        That hands were shrunk to before the model was trained on them; 0 where they were not.

    Examples
    --------
    >>> describe_coarseness(73.4, 226)
    ['the hand measures only 73 pixels, the age models read 226']
    >>> describe_coarseness(125.0, 226)
    []
    """
    coarse = pixels < ENOUGH_DETAIL * detail
    return [f"the hand measures only {pixels:.0f} pixels, the age models read {detail}"] if coarse else []


def describe_doubts(
    *, mirrored: bool, inverted: bool, given: Sex | None, stated: Sex | None, has_localiser: bool
) -> list[str]:
    """Return remarks on what makes an age doubtful beside missing parts.

    Parameters
    ----------
    mirrored : bool
        Whether the hand is mirrored with respect to those that the localiser has learnt from.
    inverted : bool
        Whether black and white are swapped in the file.
    given, stated : {"F", "M"} or None
        The sex that the user gave, and the one that the file states.
    has_localiser : bool
    """
    remarks = []
    if mirrored:
        remarks.append("mirrored with respect to the hands that the model knows")
    if inverted:
        remarks.append("black and white are swapped in the file")
    if given and stated and given != stated:
        remarks.append(f"the file says the sex is {stated}")
    if not has_localiser:
        remarks.append("the model has no localiser: nothing checked that this is a hand")
    return remarks
