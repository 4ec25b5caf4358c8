"""DICOM files by their headers, colour, spacing, and what they are packed in."""

import zipfile
from io import BytesIO

import imagecodecs
import numpy as np
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from tests.imaging.files.dicom_writing import (
    colour,
    deep,
    make_dataset,
    negative,
    saved,
    ybr,
)
from tests.imaging.files.kinds import Kind


def _palette(path, picture):
    data = make_dataset(255 - picture, bits=8, photometric="PALETTE COLOR")
    entries = (np.arange(255, -1, -1) * 257).astype(np.uint16)
    for name in ("Red", "Green", "Blue"):
        setattr(data, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(data, f"{name}PaletteColorLookupTableData", entries.tobytes())
    data.save_as(path)


def _rgb_planes(path, picture):
    data = make_dataset(colour(picture), bits=8, photometric="RGB")
    data.PlanarConfiguration = 1
    data.PixelData = np.moveaxis(colour(picture), -1, 0).tobytes()
    data.save_as(path)


def _without_preamble(syntax):
    def write(path, picture):
        data = make_dataset(deep(picture), syntax=syntax)
        data.file_meta = FileMetaDataset()
        dcmwrite(path, Dataset(data), implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=True)

    return write


def _meta_without_preamble(path, picture):
    make_dataset(deep(picture)).save_as(path)
    path.write_bytes(path.read_bytes()[132:])


def _without_syntax(path, picture):
    data = make_dataset(deep(picture))
    file = BytesIO()
    data.save_as(file)
    syntax = b"\x02\x00\x10\x00UI\x14\x00" + b"1.2.840.10008.1.2.1\x00"
    content = file.getvalue()
    assert syntax in content
    length = int.from_bytes(content[140:144], "little") - len(syntax)
    content = content[:140] + length.to_bytes(4, "little") + content[144:]
    path.write_bytes(content.replace(syntax, b""))


def _functional_groups(path, picture):
    data = make_dataset(negative(picture), photometric="MONOCHROME1", NumberOfFrames=1)
    shared, frame, measures, scaling, window = Dataset(), Dataset(), Dataset(), Dataset(), Dataset()
    measures.PixelSpacing = [0.2, 0.1]
    scaling.RescaleSlope, scaling.RescaleIntercept, scaling.RescaleType = 2, 100, "US"
    window.WindowCenter, window.WindowWidth = 4196, 8192
    shared.PixelMeasuresSequence = [measures]
    frame.PixelValueTransformationSequence, frame.FrameVOILUTSequence = [scaling], [window]
    data.SharedFunctionalGroupsSequence, data.PerFrameFunctionalGroupsSequence = [shared], [frame]
    data.save_as(path)


def _zip(path, picture):
    file = BytesIO()
    make_dataset(deep(picture)).save_as(file)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("DICOM/IM0001", file.getvalue())


def _zip_of_two(path, picture):
    with zipfile.ZipFile(path, "w") as archive:
        for k in range(2):
            file = BytesIO()
            make_dataset(deep(picture)).save_as(file)
            archive.writestr(f"DICOM/IM{k}", file.getvalue())


def _folder(path, picture):
    path.mkdir()
    make_dataset(deep(picture)).save_as(path / "IM0001")


def _lower_case(path, picture):
    make_dataset(negative(picture), photometric="MONOCHROME1").save_as(path)
    path.write_bytes(path.read_bytes().replace(b"MONOCHROME1", b"monochrome1"))


def _floats(path, picture):
    data = make_dataset(deep(picture), BitsStored=None, HighBit=None, PixelRepresentation=None, PixelData=None)
    data.FloatPixelData, data.BitsAllocated = picture.astype(np.float32).tobytes(), 32
    data.save_as(path)


def _big_endian(path, picture):
    data = make_dataset(deep(picture).astype(">u2"), syntax=ExplicitVRBigEndian)
    plain = Dataset(data)
    plain.file_meta, plain.preamble = data.file_meta, data.preamble
    dcmwrite(path, plain, implicit_vr=False, little_endian=False, enforce_file_format=True)


def _compressed_without_syntax(path, picture):
    data = make_dataset(deep(picture))
    data.PixelData = encapsulate([imagecodecs.jpegls_encode(deep(picture))])
    data["PixelData"].is_undefined_length, data["PixelData"].VR = True, "OB"
    data.file_meta = FileMetaDataset()
    dcmwrite(path, Dataset(data), implicit_vr=False, little_endian=True)


def _palette_of(entries, pixels, bits):
    """Write grey by a palette of these entries."""

    def write(path, picture):
        data = make_dataset(pixels(picture), bits=bits, photometric="PALETTE COLOR")
        for name in ("Red", "Green", "Blue"):
            descriptor = [len(entries), 0, entries.itemsize * 8]
            setattr(data, f"{name}PaletteColorLookupTableDescriptor", descriptor)
            setattr(data, f"{name}PaletteColorLookupTableData", entries.tobytes())
        data.save_as(path)

    return write


def _ybr_of_half_colour(path, picture):
    """Write two luminances and one pair of colours for two pixels, uncompressed."""
    words = np.full((picture.shape[0], picture.shape[1] // 2, 4), 128, np.uint8)
    words[..., 0], words[..., 1] = picture[:, ::2], picture[:, 1::2]
    make_dataset(colour(picture), bits=8, photometric="YBR_FULL_422", PixelData=words.tobytes()).save_as(path)


def _followed_by_zeros(path, picture):
    make_dataset(deep(picture)).save_as(path)
    path.write_bytes(path.read_bytes() + bytes(4000))


def _too_long(path, picture):
    make_dataset(deep(picture), PixelData=deep(picture).tobytes() + bytes(512)).save_as(path)


def _too_short(path, picture):
    make_dataset(deep(picture), PixelData=deep(picture).tobytes()[:-2000]).save_as(path)


def _zip_with_others(path, picture):
    _zip(path, picture)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("README.txt", "a note")
        archive.writestr("__MACOSX/._IM0001", bytes(50))


def _zip_of_a_png(path, picture):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("1.png", b"\x89PNG\r\n\x1a\n")


KINDS = [
    Kind("dicom palette of 4096 colours", _palette_of(np.arange(4096, dtype=np.uint16) * 16, deep, 12)),
    Kind("dicom palette of 8-bit entries", _palette_of(np.arange(256, dtype=np.uint8), lambda p: p, 8)),
    Kind("dicom ybr of half colour", _ybr_of_half_colour),
    Kind("dicom followed by zeros", _followed_by_zeros),
    Kind("dicom of too many bytes", _too_long),
    Kind("dicom of too few bytes", _too_short, refused="less than expected"),
    Kind("dicom without pixels", saved(PixelData=None), refused="DICOM file without an image"),
    Kind("dicom zip with other files", _zip_with_others),
    Kind("zip of a png", _zip_of_a_png, refused="zip without DICOM"),
    *(
        Kind(f"dicom of the part {part or 'blank'}", saved(BodyPartExamined=part))
        for part in ("WRIST", "ARM", "FINGER", "LEFT HAND", "EXTREMITY", "BONE AGE", "")
    ),
    *(
        Kind(f"dicom without {name}", saved(**{name: None}))
        for name in ("HighBit", "PixelRepresentation", "SamplesPerPixel", "Modality")
    ),
    Kind("dicom without photometric", saved(PhotometricInterpretation=None), remark="MONOCHROME2 was taken"),
    Kind("dicom of no frames", saved(NumberOfFrames=0)),
    Kind("dicom floats", _floats),
    Kind("dicom big endian", _big_endian),
    Kind("dicom with the preamble of a TIFF", saved(preamble=b"II*\0\x08".ljust(128, b"\0"))),
    Kind("dicom of a private syntax", saved(syntax="1.2.840.113619.5.2"), refused="unknown transfer syntax.*save it"),
    Kind("dicom compressed without syntax", _compressed_without_syntax, refused="has no TransferSyntaxUID"),
    Kind("dicom grey in three samples", saved(colour, bits=8)),
    Kind("dicom spacing", saved(PixelSpacing=[0.2, 0.1]), spacing_mm=(0.2, 0.1), aspect=2.0),
    Kind("dicom imager spacing", saved(ImagerPixelSpacing=[0.2, 0.1]), spacing_mm=(0.2, 0.1), aspect=2.0),
    Kind("dicom scanned spacing", saved(NominalScannedPixelSpacing=[0.2, 0.1]), spacing_mm=(0.2, 0.1), aspect=2.0),
    Kind("dicom aspect ratio", saved(PixelAspectRatio=[2, 1]), aspect=2.0),
    Kind("dicom aspect ratio of zero", saved(PixelAspectRatio=[2, 0])),
    Kind("dicom rgb", saved(colour, photometric="RGB")),
    Kind("dicom rgb planes", _rgb_planes),
    Kind("dicom ybr", saved(ybr, photometric="YBR_FULL")),
    Kind("dicom palette", _palette),
    Kind("dicom blank before monochrome", saved(photometric=" MONOCHROME2")),
    Kind("dicom lower case", _lower_case),
    Kind("dicom without preamble", _without_preamble(ExplicitVRLittleEndian)),
    Kind("dicom without preamble implicit", _without_preamble(ImplicitVRLittleEndian)),
    Kind("dicom meta without preamble", _meta_without_preamble),
    Kind("dicom without transfer syntax", _without_syntax),
    Kind("dicom functional groups", _functional_groups, spacing_mm=(0.2, 0.1), aspect=2.0),
    Kind("dicom zip", _zip),
    Kind("dicom zip of two", _zip_of_two, refused="2 radiographs.*each"),
    Kind("dicom folder", _folder),
    *(
        Kind(f"dicom of {modality}", saved(Modality=modality), remark=f"Modality is {modality}")
        for modality in ("CT", "US", "PT", "OT")
    ),
    Kind("dicom of a chest", saved(BodyPartExamined="CHEST"), remark="BodyPartExamined is CHEST"),
    Kind("dicom of no body part", saved(BodyPartExamined=None)),
    Kind("dicom two frames", saved(NumberOfFrames=2), refused="2 frames"),
]  # fmt: skip
