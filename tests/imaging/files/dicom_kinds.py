"""DICOM of every kind: transfer syntaxes, ways of storing grey values, polarity, windows, colour, headers."""

import zipfile
from io import BytesIO

import imagecodecs
import numpy as np
from PIL import Image
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    generate_uid,
)

from tests.imaging.files.kinds import Kind

_JPEG = "1.2.840.10008.1.2.4."
_WINDOW = {"WindowCenter": 2048, "WindowWidth": 4096}
_NEGATIVE_SLOPE = {"RescaleSlope": -1, "RescaleIntercept": 4095, "RescaleType": "US"}


def make_dataset(pixels, *, bits=12, photometric="MONOCHROME2", syntax=ExplicitVRLittleEndian, **fields):
    """Return a DX data set of pixels; a field of None is taken away."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = syntax
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    data.Modality, data.BodyPartExamined = "DX", "HAND"
    data.Rows, data.Columns = pixels.shape[:2]
    data.SamplesPerPixel = 1 if pixels.ndim == 2 else pixels.shape[2]
    data.PhotometricInterpretation = photometric
    data.BitsAllocated = pixels.dtype.itemsize * 8
    data.BitsStored, data.HighBit = bits, bits - 1
    data.PixelRepresentation = int(pixels.dtype.kind == "i")
    if pixels.ndim == 3:
        data.PlanarConfiguration = 0
    data.PixelData = pixels.tobytes() + b"\0" * (pixels.nbytes % 2)
    data["PixelData"].VR = "OB" if pixels.dtype.itemsize == 1 else "OW"
    for name, value in fields.items():
        if value is None:
            delattr(data, name)
        else:
            setattr(data, name, value)
    return data


def deep(picture):
    """Return the picture as 12-bit grey values."""
    return picture.astype(np.uint16) * 16


def _save(make=deep, **fields):
    def write(path, picture):
        pixels = make(picture)
        bits = fields.get("BitsStored", 12 if pixels.dtype.itemsize > 1 else 8)
        make_dataset(pixels, **{"bits": bits, **fields}).save_as(path)

    return write


def _encoded(syntax, encode, make=deep, bits=12, **fields):
    def write(path, picture):
        pixels = make(picture)
        data = make_dataset(pixels, bits=bits, syntax=syntax, **fields)
        data.PixelData = encapsulate([encode(pixels)])
        data["PixelData"].is_undefined_length = True
        data["PixelData"].VR = "OB"
        data.save_as(path)

    return write


def _save_rle(path, picture):
    data = make_dataset(deep(picture))
    data.compress("1.2.840.10008.1.2.5")
    data.save_as(path)


def _eight(picture):
    return picture


def _signed(picture):
    return deep(picture).astype(np.int16) - 2048


def _pillow_jpeg(pixels):
    file = BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=95)
    return file.getvalue()


def _negative(picture):
    return 4095 - deep(picture)


def _high_bit(picture):
    """Twelve bits at the top of sixteen, an overlay in the lowest."""
    overlay = np.zeros(picture.shape, np.uint16)
    overlay[::7] = 1
    return deep(picture) << 4 | overlay


def _overlay_above(picture):
    overlay = np.zeros(picture.shape, np.uint16)
    overlay[::7] = 1 << 15
    return deep(picture) | overlay


def _lut(entries, first=0, bits=16, **fields):
    item = Dataset()
    item.add_new(0x00283002, "US", [len(entries) % 65536, first, bits])
    item.add_new(0x00283006, "OW", entries.tobytes())
    for name, value in fields.items():
        setattr(item, name, value)
    return [item]


_RAMP16 = np.linspace(0, 65535, 4096).astype(np.uint16)
_RAMP8 = np.linspace(0, 255, 4096).astype(np.uint8)


def _padded(value):
    """Write a picture whose darkest tenth is filled with ``value``; it must become the darkest value again."""

    def make(picture):
        pixels = deep(picture) // 2 + 1000
        pixels[picture <= np.quantile(picture, 0.1)] = value
        return pixels

    return make


def _padded_negative(value):
    def make(picture):
        pixels = 4095 - (deep(picture) // 2 + 1000)
        pixels[picture <= np.quantile(picture, 0.1)] = value
        return pixels

    return make


def _colour(picture):
    return np.repeat(picture[..., None], 3, axis=-1)


def _ybr(picture):
    return np.dstack([picture, np.full_like(picture, 128), np.full_like(picture, 128)])


def _palette(path, picture):
    data = make_dataset(255 - picture, bits=8, photometric="PALETTE COLOR")
    entries = (np.arange(255, -1, -1) * 257).astype(np.uint16)
    for colour in ("Red", "Green", "Blue"):
        setattr(data, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(data, f"{colour}PaletteColorLookupTableData", entries.tobytes())
    data.save_as(path)


def _rgb_planes(path, picture):
    data = make_dataset(_colour(picture), bits=8, photometric="RGB")
    data.PlanarConfiguration = 1
    data.PixelData = np.moveaxis(_colour(picture), -1, 0).tobytes()
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
    data = make_dataset(_negative(picture), photometric="MONOCHROME1", NumberOfFrames=1)
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


def _syntax(number):
    return f"{_JPEG}{number}"


def _jpeg12(pixels):
    return imagecodecs.jpeg_encode(pixels, bitspersample=12)


def _lossless(pixels):
    return imagecodecs.jpeg_encode(pixels, bitspersample=16, lossless=True)


def _j2k(pixels):
    return imagecodecs.jpeg2k_encode(pixels, codecformat="J2K", level=0)


def _j2k_lossy(pixels):
    return imagecodecs.jpeg2k_encode(pixels, codecformat="J2K", level=60)


def _htj2k(pixels):
    return imagecodecs.htj2k_encode(pixels)


def _ls(pixels):
    return imagecodecs.jpegls_encode(pixels)


def _ls_near(pixels):
    return imagecodecs.jpegls_encode(pixels, level=2)


def _full(picture):
    return picture.astype(np.uint16) * 257


def _lower_case(path, picture):
    make_dataset(_negative(picture), photometric="MONOCHROME1").save_as(path)
    path.write_bytes(path.read_bytes().replace(b"MONOCHROME1", b"monochrome1"))


def _comma_window(path, picture):
    make_dataset(deep(picture), WindowCenter="2048", WindowWidth="4096").save_as(path)
    path.write_bytes(path.read_bytes().replace(b"2048", b"20,5").replace(b"4096", b"40,5"))


KINDS = [
    Kind("dicom 8 bit", _save(_eight)),
    Kind("dicom 12 bit", _save()),
    Kind("dicom 16 bit", _save(_full, BitsStored=16, HighBit=15)),
    Kind("dicom signed", _save(_signed)),
    Kind("dicom implicit", _save(syntax=ImplicitVRLittleEndian)),
    Kind("dicom deflated", _save(syntax="1.2.840.10008.1.2.1.99")),
    Kind("dicom rle", _save_rle),
    Kind("dicom jpeg baseline", _encoded(_syntax(50), _pillow_jpeg, _eight, 8), 0.99),
    Kind("dicom jpeg 12 bit", _encoded(_syntax(51), _jpeg12), 0.99),
    Kind("dicom jpeg 8 bit extended", _encoded(_syntax(51), _pillow_jpeg, _eight, 8), 0.99),
    Kind("dicom jpeg lossless 57", _encoded(_syntax(57), _lossless, _full, 16)),
    Kind("dicom jpeg lossless 70", _encoded(_syntax(70), _lossless, _full, 16)),
    Kind("dicom jpeg lossless 70 8 bit", _encoded(_syntax(70), imagecodecs.ljpeg_encode, _eight, 8)),
    Kind("dicom jpeg lossless 70 of 12 bits", _encoded(_syntax(70), imagecodecs.ljpeg_encode)),
    Kind("dicom jpeg-ls", _encoded(_syntax(80), _ls)),
    Kind("dicom jpeg-ls 8 bit", _encoded(_syntax(80), _ls, _eight, 8)),
    Kind("dicom jpeg-ls near lossless", _encoded(_syntax(81), _ls_near)),
    Kind("dicom jpeg 2000 lossless", _encoded(_syntax(90), _j2k)),
    Kind("dicom jpeg 2000", _encoded(_syntax(91), _j2k_lossy), 0.99),
    Kind("dicom htj2k lossless", _encoded(_syntax(201), _htj2k)),
    Kind("dicom htj2k rpcl", _encoded(_syntax(202), _htj2k)),
    Kind("dicom htj2k", _encoded(_syntax(203), _htj2k)),
    Kind("dicom jpeg lossless white is zero", _encoded(_syntax(70), _lossless, lambda p: 65535 - _full(p), 16,
                                                       photometric="MONOCHROME1")),
    Kind("dicom signed jpeg lossless", _encoded(_syntax(70), lambda p: _lossless(p.view(np.uint16)), _signed)),
    Kind("dicom signed jpeg-ls", _encoded(_syntax(80), lambda p: _ls(p.view(np.uint16)), _signed)),
    Kind("dicom signed htj2k", _encoded(_syntax(201), _j2k, _signed)),
    Kind("dicom rgb htj2k", _encoded(_syntax(201), _htj2k, _colour, 8, photometric="YBR_RCT")),
    Kind("dicom rgb jpeg-ls", _encoded(_syntax(80), _ls, _colour, 8, photometric="RGB")),
    Kind("dicom mpeg", _encoded(_syntax(102), _pillow_jpeg, _eight, 8), refused="MPEG.*save it"),
    Kind("dicom white is zero", _save(_negative, photometric="MONOCHROME1")),
    Kind("dicom white is zero window", _save(_negative, photometric="MONOCHROME1", **_WINDOW)),
    Kind("dicom window", _save(**_WINDOW)),
    Kind("dicom window exact", _save(VOILUTFunction="LINEAR_EXACT", **_WINDOW)),
    Kind("dicom window sigmoid", _save(VOILUTFunction="SIGMOID", **_WINDOW), 0.95),
    Kind("dicom two windows", _save(WindowCenter=[2048, 900], WindowWidth=[4096, 300])),
    Kind("dicom negative slope", _save(_negative, **_NEGATIVE_SLOPE)),
    Kind("dicom negative slope window", _save(_negative, **_NEGATIVE_SLOPE, **_WINDOW)),
    Kind("dicom negative slope white is zero", _save(RescaleSlope=-1, RescaleIntercept=0, RescaleType="US",
                                                     photometric="MONOCHROME1")),
    Kind("dicom negative slope signed window", _save(lambda p: -_signed(p), RescaleSlope=-2, RescaleIntercept=0,
                                                     WindowCenter=0, WindowWidth=8192)),
    Kind("dicom slope of zero", _save(RescaleSlope=0, RescaleIntercept=5, RescaleType="US"), remark="RescaleSlope"),
    Kind("dicom high bit 15", _save(_high_bit, HighBit=15)),
    Kind("dicom overlay in a high bit", _save(_overlay_above)),
    Kind("dicom voi lut", _save(VOILUTSequence=_lut(_RAMP16))),
    Kind("dicom voi lut 8 bit", _save(VOILUTSequence=_lut(_RAMP8, bits=8))),
    Kind("dicom voi lut 8 bit in words", _save(VOILUTSequence=_lut(_RAMP8.astype(np.uint16), bits=8))),
    Kind("dicom modality lut 8 bit", _save(ModalityLUTSequence=_lut(_RAMP8, bits=8, ModalityLUTType="US"))),
    Kind("dicom modality lut", _save(ModalityLUTSequence=_lut(_RAMP16, ModalityLUTType="US"))),
    *(
        Kind(f"dicom {name}", _save(**window), remark="window")
        for name, window in {
            "window of width 1": {"WindowCenter": 2048, "WindowWidth": 1},
            "window of width 0": {"WindowCenter": 2048, "WindowWidth": 0},
            "window beyond the picture": {"WindowCenter": 20000, "WindowWidth": 100},
            "window that hides the picture": {"WindowCenter": -3000, "WindowWidth": 1000},
        }.items()
    ),
    Kind("dicom window with a comma", _comma_window, remark="window"),
    Kind("dicom padding", _save(_padded(0), PixelPaddingValue=0)),
    Kind("dicom padding white", _save(_padded(4095), PixelPaddingValue=4095)),
    Kind("dicom padding range", _save(_padded(4000), PixelPaddingValue=3900, PixelPaddingRangeLimit=4095)),
    Kind("dicom padding of white is zero", _save(_padded_negative(0), PixelPaddingValue=0, photometric="MONOCHROME1")),
    Kind("dicom padding window", _save(_padded(4095), PixelPaddingValue=4095, **_WINDOW)),
    Kind("dicom presentation inverse of white is zero", _save(_negative, photometric="MONOCHROME1",
                                                              PresentationLUTShape="INVERSE")),
    Kind("dicom presentation identity", _save(PresentationLUTShape="IDENTITY")),
    Kind("dicom presentation inverse of black is zero", _save(PresentationLUTShape="INVERSE"), remark="Presentation"),
    Kind("dicom presentation identity of white is zero", _save(_negative, photometric="MONOCHROME1",
                                                               PresentationLUTShape="IDENTITY"), remark="Presentation"),
    Kind("dicom spacing", _save(PixelSpacing=[0.2, 0.1]), spacing_mm=(0.2, 0.1), aspect=2.0),
    Kind("dicom imager spacing", _save(ImagerPixelSpacing=[0.2, 0.1]), spacing_mm=(0.2, 0.1), aspect=2.0),
    Kind("dicom scanned spacing", _save(NominalScannedPixelSpacing=[0.2, 0.1]), spacing_mm=(0.2, 0.1), aspect=2.0),
    Kind("dicom aspect ratio", _save(PixelAspectRatio=[2, 1]), aspect=2.0),
    Kind("dicom aspect ratio of zero", _save(PixelAspectRatio=[2, 0])),
    Kind("dicom rgb", _save(_colour, photometric="RGB")),
    Kind("dicom rgb planes", _rgb_planes),
    Kind("dicom ybr", _save(_ybr, photometric="YBR_FULL")),
    Kind("dicom ybr jpeg", _encoded(_syntax(50), _pillow_jpeg, _colour, 8, photometric="YBR_FULL_422"), 0.99),
    Kind("dicom rgb jpeg 2000", _encoded(_syntax(90), _j2k, _colour, 8, photometric="YBR_RCT"), 0.99),
    Kind("dicom palette", _palette),
    Kind("dicom blank before monochrome", _save(photometric=" MONOCHROME2")),
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
        Kind(f"dicom of {modality}", _save(Modality=modality), remark=f"Modality is {modality}")
        for modality in ("CT", "US", "PT", "OT")
    ),
    Kind("dicom of a chest", _save(BodyPartExamined="CHEST"), remark="BodyPartExamined is CHEST"),
    Kind("dicom of no body part", _save(BodyPartExamined=None)),
    Kind("dicom two frames", _save(lambda p: deep(p), NumberOfFrames=2), refused="2 frames"),
]  # fmt: skip
