"""DICOM data sets: guarded decoding, grey values, and the few fields that bone age needs."""

from __future__ import annotations

import datetime
import logging
import re
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.errors import InvalidDicomError
from pydicom.filereader import data_element_generator
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from boneage.imaging.dicom.detection import PREAMBLE_BYTES, has_preamble
from boneage.imaging.errors import UnreadableScan
from boneage.imaging.scans import LONGEST_LIFE_MONTHS, Laterality, Sex

logger = logging.getLogger(__name__)
LARGEST_INFLATED_BYTES = 2**29
_TRANSFER_SYNTAX = 0x00020010
_CHUNK_BYTES = 2**20
_FEEDS_OF_TEXT = 100
_MONTHS_PER = {"D": 12 / 365.25, "W": 12 * 7 / 365.25, "M": 1.0, "Y": 12.0}
GREY = ("MONOCHROME1", "MONOCHROME2")
ADVICE = ": export it anew, uncompressed, or as PNG"


def load_dataset(file: BinaryIO, **options: Any) -> Any:
    """Read a data set with pydicom's options, unless it is deflated and unpacks to too much.

    A file may lack the preamble, and the header that states its transfer syntax.

    Raises
    ------
    ValueError
        If it unpacks to more than ``LARGEST_INFLATED_BYTES``.
    Exception
        Any error of pydicom; see :func:`decoding`.
    """
    bare = not has_preamble(file.read(PREAMBLE_BYTES))
    file.seek(0 if bare else PREAMBLE_BYTES)
    meta = data_element_generator(file, False, True, stop_when=lambda tag, _vr, _length: tag.group != 2)
    syntaxes = [element.value for element in meta if element.tag == _TRANSFER_SYNTAX]
    if syntaxes and bytes(syntaxes[0]).strip(b"\0 ") == DeflatedExplicitVRLittleEndian.encode():
        _check_inflated(file)
    file.seek(0)
    data = pydicom.dcmread(file, force=bare, **options)
    _complete(data)
    return data


@contextmanager
def decoding(path: Path, name: str = "") -> Iterator[None]:
    """Turn every error of decoders into a refusal of ``path``, and log their warnings.

    Parameters
    ----------
    path : Path
    name : str
        The slice, if the path has several.
    """
    prefix = f"slice {name}: " if name else ""
    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        try:
            yield
        except UnreadableScan:
            raise
        except InvalidDicomError as error:
            raise UnreadableScan(path, f"{prefix}is not a DICOM file") from error
        except Exception as error:
            # Decoders raise nearly any kind of error on broken or unusual files.
            raise UnreadableScan(
                path, f"{prefix}its pixels cannot be decoded ({_first_line(error)}){ADVICE}"
            ) from error
    for remark in remarks:
        logger.debug("%s: %s", path, _hide_values(str(remark.message)))


def check_grey(path: Path, data: Any) -> None:
    """Refuse a data set without pixels, or in colour."""
    photometric = str(data.get("PhotometricInterpretation", ""))
    if photometric not in GREY:
        raise UnreadableScan(path, f"is not a grey-value image ({photometric or 'no photometric interpretation'})")


def brighten(pixels: NDArray[np.float32], data: Any) -> NDArray[np.float32]:
    """Return the rescaled grey values of a volume with bright bones: MONOCHROME1 is inverted."""
    return pixels.max() + pixels.min() - pixels if data.PhotometricInterpretation == "MONOCHROME1" else pixels


def read_fields(data: Any) -> dict[str, Any]:
    """Return the fields of :class:`~boneage.imaging.Scan` about the patient; of a birth date, the age alone is kept."""
    return {
        "laterality": _laterality(data),
        "sex": _sex(data),
        "age_months": _age_months(data),
        "study_date": _date(data, "StudyDate"),
    }


def check_bytes(data: Any) -> None:
    """Check that no program took uncompressed pixels for text, and made two bytes of every line's end.

    Raises
    ------
    ValueError
        If each of many line feeds follows a carriage return.
    """
    if "PixelData" in data and not data["PixelData"].is_undefined_length:
        n_feeds = data.PixelData.count(b"\n")
        if n_feeds >= _FEEDS_OF_TEXT and n_feeds == data.PixelData.count(b"\r\n"):
            raise ValueError("its line ends were changed on its way, as if it were text")


def _complete(data: Any) -> None:
    """Mend the spelling of codes, and state what a file leaves out: its transfer syntax, the usual sizes of values."""
    if "TransferSyntaxUID" not in data.file_meta:
        implicit, little = data.original_encoding
        explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        data.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else explicit
        if "PixelData" in data and data["PixelData"].is_undefined_length:
            raise ValueError("they are compressed, and it does not state how: it has no TransferSyntaxUID")
    syntax = UID(data.file_meta.TransferSyntaxUID)
    if syntax.is_transfer_syntax and syntax.is_compressed:
        from boneage.imaging.dicom.compressed import register_decoders  # imports imagecodecs

        register_decoders()
    for name in ("PhotometricInterpretation", "Modality"):
        if name in data:
            setattr(data, name, str(data.get(name) or "").strip().upper())
    if "BitsStored" in data:
        _complete_sizes(data)


def _complete_sizes(data: Any) -> None:
    """State the usual layout of values where a file does not, or states what cannot be."""
    if not 0 < int(data.BitsStored) <= int(data.BitsAllocated):
        data.BitsStored, data.HighBit = data.BitsAllocated, data.BitsAllocated - 1
    usual = {"SamplesPerPixel": 1, "PixelRepresentation": 0, "HighBit": int(data.BitsStored) - 1}
    if int(data.get("SamplesPerPixel") or 1) > 1:
        usual["PlanarConfiguration"] = 0
    for name, value in usual.items():
        if data.get(name) is None:
            setattr(data, name, value)


def _laterality(data: Any) -> Laterality | None:
    sides: dict[str, Literal["L", "R"]] = {"L": "L", "R": "R"}
    for tag in ("ImageLaterality", "Laterality"):
        side = sides.get(str(data.get(tag) or "").strip().upper())
        if side:
            return side
    return None


def _sex(data: Any) -> Sex | None:
    sexes: dict[str, Sex] = {"F": "F", "FEMALE": "F", "M": "M", "MALE": "M"}
    return sexes.get(str(data.get("PatientSex") or "").strip().upper())


def _age_months(data: Any) -> float | None:
    """Return the age on the day of the study, by its date and that of birth, else as it is stated."""
    born, studied = _date(data, "PatientBirthDate"), _date(data, "StudyDate")
    found = re.fullmatch(r"(\d{1,3})([DWMY])", str(data.get("PatientAge") or "").strip().upper())
    ages = [(studied - born).days * _MONTHS_PER["D"]] if born is not None and studied is not None else []
    ages += [int(found[1]) * _MONTHS_PER[found[2]]] if found else []
    return next((age for age in ages if 0 <= age < LONGEST_LIFE_MONTHS), None)


def _date(data: Any, name: str) -> datetime.date | None:
    try:
        return datetime.datetime.strptime(str(data.get(name) or "").strip(), "%Y%m%d").date()
    except ValueError:
        return None


def _check_inflated(file: BinaryIO) -> None:
    inflater, n_bytes = zlib.decompressobj(-zlib.MAX_WBITS), 0
    packed = file.read(_CHUNK_BYTES)
    while packed and not inflater.eof:  # a byte of padding may follow the end
        n_bytes += len(inflater.decompress(packed, _CHUNK_BYTES))
        if n_bytes > LARGEST_INFLATED_BYTES:
            raise ValueError(f"unpacks to more than {LARGEST_INFLATED_BYTES / 2**20:.0f} MB")
        packed = inflater.unconsumed_tail or file.read(_CHUNK_BYTES)


def _first_line(error: Exception) -> str:
    """Return the first line of a message that says something; a list of decoders begins with the second."""
    lines = _hide_values(str(error) or type(error).__name__).splitlines()
    return lines[-1].strip() if lines[0].endswith(":") else lines[0]


def _hide_values(message: str) -> str:
    """Return a decoder's message without what it quotes: that may be a name or a date."""
    return re.sub(r"(['\"]).*\1", "'...'", message, flags=re.DOTALL)
