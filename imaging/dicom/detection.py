"""Whether a file is DICOM, by its first bytes."""

from __future__ import annotations

PREAMBLE_BYTES = 132
_FIRST_GROUPS = (b"\x02\0", b"\x08\0")
_LONGEST_FIRST_ELEMENT = 64


def has_preamble(head: bytes) -> bool:
    """Return whether a DICOM file with these first bytes begins with the usual preamble."""
    return head[128:PREAMBLE_BYTES] == b"DICM"


def is_dicom(head: bytes) -> bool:
    r"""Return whether a file with these first bytes is DICOM: with a preamble, or the bare data set of older devices.

    Examples
    --------
    >>> is_dicom(bytes(128) + b"DICM"), is_dicom(b"\x08\0\x05\0CS\x0a\0ISO_IR"), is_dicom(b"a text")
    (True, True, False)
    """
    return has_preamble(head) or _starts_data_set(head)


def _starts_data_set(head: bytes) -> bool:
    """Return whether the first element is of group 2 or 8, with a VR of two capitals or a short length."""
    if head[:2] not in _FIRST_GROUPS or len(head) < 12:
        return False
    explicit = head[4:6].isalpha() and head[4:6].isupper()
    return explicit or 0 < int.from_bytes(head[4:8], "little") <= _LONGEST_FIRST_ELEMENT
