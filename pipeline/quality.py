"""What a model reads: radiographs, or volumes."""

from __future__ import annotations

from boneage.imaging import Modality, Scan

READS: dict[Modality, str] = {"xray": "radiographs", "mri": "volumes (MR)"}


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
    >>> find_misfit(Scan(np.eye(4)), "mri")
    'is a radiograph; the model reads volumes (MR)'
    >>> find_misfit(Scan(np.eye(4)), "xray")
    ''
    """
    if scan.ndim == 2 and scan.modality == "mri":
        return f"is a single MR slice; the model reads {READS[modality]}"
    if (scan.ndim == 3) == (modality == "mri"):
        return ""
    kind = "a volume (MR)" if scan.ndim == 3 else "a radiograph"
    return f"is {kind}; the model reads {READS[modality]}{remedy and ': '}{remedy}"
