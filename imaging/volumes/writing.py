"""Writing volumes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from boneage.imaging.frames import Frame
from boneage.imaging.scans import PHANTOM_DESCRIPTION, Scan
from boneage.imaging.volumes.orientation import CANONICAL, permute_axes
from boneage.imaging.volumes.reading import NOTES_FIELD

_SUFFIXES = (".nii.gz", ".nii", ".mha", ".nrrd")


def write_volume(path: Path | str, scan: Scan) -> None:
    """Write a volume as whole numbers of 16 bits, in the axes of the file that it was read from.

    Landmarks in the pixels of that file fit the written file. A phantom is marked in NIfTI's field ``descrip`` (a field
    ``ITK_FileNotes`` in MHA and NRRD), and is read as a phantom again.

    Parameters
    ----------
    path : path-like
        Ends in ``.nii.gz``, ``.nii``, ``.mha`` or ``.nrrd``.
    scan : Scan
        Of three axes. Without ``to_patient`` its axes are written as running to the back, the feet and the left, with
        the first voxel in the patient's origin. Laterality, sex, age and date are not written.

    Raises
    ------
    ValueError
        If the scan is no volume or a resized copy, a grey value does not fit into 16 bits, or the suffix is another.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from boneage.imaging import read_scan
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_volume(f"{folder}/7.nii.gz", Scan(np.eye(20)[None].repeat(4, 0), spacing=(2, 1, 1), phantom=True))
    ...     scan = read_scan(f"{folder}/7.nii.gz")
    >>> scan.source, scan.pixels.shape, scan.spacing, scan.phantom
    ('7', (4, 20, 20), (2.0, 1.0, 1.0), True)
    """
    import SimpleITK

    path = Path(path)
    if not path.name.lower().endswith(_SUFFIXES):
        raise ValueError(f"the file must end in {', '.join(_SUFFIXES)}, got {path.name}")
    permutation = scan.frame_to_original().matrix[:-1, :-1]
    if scan.ndim != 3 or not np.array_equal(np.abs(permutation).sum(axis=0), np.ones(3)):
        raise ValueError("the scan must be a volume, and no resized copy")
    low, high = float(scan.pixels.min()), float(scan.pixels.max())
    if low < -(2**15) or high > 2**15 - 1:
        raise ValueError(f"grey values must be between -32768 and 32767, got {low:g} to {high:g}")
    to_patient = scan.to_patient or Frame.from_linear(CANONICAL * scan.spacing_array, np.zeros(3)).compose(
        scan.frame_to_original().inverse()
    )
    linear = to_patient.matrix[:-1, :-1][:, ::-1]
    spacing = np.linalg.norm(linear, axis=0)
    voxels = permute_axes(np.rint(scan.pixels).astype(np.float32), permutation.T)
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(voxels.astype(np.int16)))
    image.SetSpacing(spacing.tolist())
    image.SetOrigin(to_patient.matrix[:-1, -1].tolist())
    image.SetDirection((linear / spacing).ravel().tolist())
    if scan.phantom:
        image.SetMetaData(NOTES_FIELD, f"{PHANTOM_DESCRIPTION}: a synthetic hand, not a scan of anyone")
    try:
        SimpleITK.WriteImage(image, str(path), useCompression=path.suffix.lower() != ".nii")
        written = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))  # a full disk is not told otherwise
    except RuntimeError as error:
        raise OSError(f"{path} cannot be written") from error
    if not np.array_equal(written, SimpleITK.GetArrayFromImage(image)):
        raise OSError(f"{path} cannot be written whole")
