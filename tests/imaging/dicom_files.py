"""Makes small DICOM files for tests."""

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid


def write_dicom(path, pixels, *, bits=12, photometric="MONOCHROME2", **fields):
    """Write ``pixels`` (unsigned integers) as a single-frame DICOM file with more fields."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    data.Modality = "DX"
    data.Rows, data.Columns = pixels.shape[-2:]
    data.SamplesPerPixel = 1
    data.PhotometricInterpretation = photometric
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, bits, bits - 1
    data.PixelRepresentation = 0
    data.PixelData = np.ascontiguousarray(pixels, dtype=np.uint16).tobytes()
    for name, value in fields.items():
        setattr(data, name, value)
    data.save_as(path, enforce_file_format=True)
    return path


def write_series(
    folder, voxels, *, orientation=(1, 0, 0, 0, 0, -1), spacing=(0.5, 0.25), step=2.0, names=None, **fields
):
    """Write ``voxels`` (slices, rows, columns) as a series of MR slices, from front to back by default.

    The first slice lies at (-20, 5, 40) mm, the others along the normal; ``names`` are those of the files.
    Pixels are 0.5 mm high and 0.25 mm wide, slices 2 mm apart.
    """
    folder.mkdir(exist_ok=True)
    series = fields.pop("SeriesInstanceUID", generate_uid())
    normal = np.cross(orientation[:3], orientation[3:])
    for k, pixels in enumerate(voxels):
        position = np.array([-20, 5, 40]) + k * 2.0 * normal
        name = names[k] if names else f"{k:03d}.dcm"
        place = {"ImagePositionPatient": position.round(6).tolist(), "ImageOrientationPatient": list(orientation)}
        described = {"Modality": "MR", "SeriesInstanceUID": series, "PixelSpacing": [0.5, 0.25]} | place | fields
        write_dicom(folder / name, pixels, bits=16, **described)
    return folder


def write_enhanced(path, voxels, order, *, scaling=None, **fields):
    """Write ``voxels`` as the frames of one enhanced MR file, in the order given, each at its place as in a series."""
    shared, frames = Dataset(), []
    measures, orientation = Dataset(), Dataset()
    measures.PixelSpacing, orientation.ImageOrientationPatient = [0.5, 0.25], [1, 0, 0, 0, 0, -1]
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [orientation]
    if scaling:
        values = Dataset()
        values.RescaleSlope, values.RescaleIntercept = scaling
        shared.PixelValueTransformationSequence = [values]
    for k in order:
        frame, place = Dataset(), Dataset()
        place.ImagePositionPatient = [-20, 5 + k * 2.0, 40]
        frame.PlanePositionSequence = [place]
        frames.append(frame)
    described = {
        "Modality": "MR",
        "NumberOfFrames": len(order),
        "PerFrameFunctionalGroupsSequence": frames,
        "SharedFunctionalGroupsSequence": [shared],
    }
    return write_dicom(path, voxels[list(order)], bits=16, **described | fields)


def change_dicom(path, **fields):
    """Change, or with None take away, fields of a DICOM file."""
    data = dcmread(path)
    for name, value in fields.items():
        if value is None:
            delattr(data, name)
        else:
            setattr(data, name, value)
    data.save_as(path)
    return path
