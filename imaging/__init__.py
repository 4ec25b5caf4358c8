"""Shared types and file formats: scans, points, frames, readers, annotations, phantom hands."""

if __name__ != "boneage.imaging":
    raise ImportError(
        f"import boneage.imaging, not {__name__}: a bare import makes a second copy of every class"
    )

from boneage.imaging.frames import Frame
from boneage.imaging.points import Points
from boneage.imaging.resampling import resample
from boneage.imaging.scans import Scan

__all__ = ["Frame", "Points", "Scan", "resample"]
