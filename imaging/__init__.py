"""Shared types and file formats: scans, points, frames, readers, tables, schemes, collections."""

if __name__ != "boneage.imaging":
    raise ImportError(f"import boneage.imaging, not {__name__}: that would make a second copy of every class")

from boneage.imaging.annotations import LandmarkTable, read_names, rename_landmarks, to_pixels
from boneage.imaging.collection import Collection, fold_ids, split_ids
from boneage.imaging.demographics import (
    AgeRecord,
    read_ages,
    read_chronological_ages,
    read_ids,
    read_sexes,
    read_sizes,
)
from boneage.imaging.errors import BoneAgeError, InvalidInput, InvalidTable, NoScans, UnreadableScan
from boneage.imaging.formats import FORMATS, Details, Order, read_landmarks, render_landmarks, write_landmarks
from boneage.imaging.frames import Frame
from boneage.imaging.identifiers import scan_id
from boneage.imaging.jit import compiled
from boneage.imaging.listing import find_scans
from boneage.imaging.points import Points, measure_length
from boneage.imaging.readers import read_scan
from boneage.imaging.resampling import resample, resize_scan, shrink, warp
from boneage.imaging.scans import Laterality, Modality, Scan, Sex
from boneage.imaging.schemes import LandmarkScheme, find_scheme, read_scheme
from boneage.imaging.scores import read_scores, with_scores
from boneage.imaging.shapes import NoSimilarity, align_to, compute_mean_shape
from boneage.imaging.splits import assign_split, split_by_hash
from boneage.imaging.volumes.writing import write_volume

__all__ = [
    "FORMATS",
    "AgeRecord",
    "BoneAgeError",
    "Collection",
    "Details",
    "Frame",
    "InvalidInput",
    "InvalidTable",
    "LandmarkScheme",
    "LandmarkTable",
    "Laterality",
    "Modality",
    "NoScans",
    "NoSimilarity",
    "Order",
    "Points",
    "Scan",
    "Sex",
    "UnreadableScan",
    "align_to",
    "assign_split",
    "compiled",
    "compute_mean_shape",
    "find_scans",
    "find_scheme",
    "fold_ids",
    "measure_length",
    "read_ages",
    "read_chronological_ages",
    "read_ids",
    "read_landmarks",
    "read_names",
    "read_scan",
    "read_scheme",
    "read_scores",
    "read_sexes",
    "read_sizes",
    "rename_landmarks",
    "render_landmarks",
    "resample",
    "resize_scan",
    "scan_id",
    "shrink",
    "split_by_hash",
    "split_ids",
    "to_pixels",
    "warp",
    "with_scores",
    "write_landmarks",
    "write_volume",
]
