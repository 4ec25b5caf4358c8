"""Damage to files: bytes and words changed, taken away, repeated, or exchanged for what readers stumble over."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import strategies as st

_WORDS = (
    b"", b"nan", b"-1", b"0", b"1e309", b"-0.0", b"9" * 40, b"1e-400", b"null", b"true", b"[]", b"{}", b'"', b"F", b"U",
    b"\\u0000", b"\0", b"\xff\xfe", b"\xed\xa0\x80", b",", b";;;;", b"\n\n\n", b"../../etc/passwd",
)  # fmt: skip
_FILLINGS = ((b"[", 20_000), (b'{"a":', 20_000), (b"<a>", 20_000), (b"9", 5000))
_WORD = re.compile(rb"[\w.+-]+")
_NUMBERS = tuple(
    value.to_bytes(size, order)
    for size in (1, 2, 4, 8)
    for order in ("little", "big")
    for value in (0, 1, 2 ** (8 * size - 1) - 1, 2 ** (8 * size - 1), 2 ** (8 * size) - 1)
)

Damage = list[tuple[Any, ...]]

_PLACE = st.floats(0, 1, exclude_max=True)
_STEP = st.one_of(
    st.tuples(st.just("put"), _PLACE, st.sampled_from(_NUMBERS) | st.binary(min_size=1, max_size=8)),
    st.tuples(st.just("word"), _PLACE, st.sampled_from(_WORDS)),
    st.tuples(st.just("insert"), _PLACE, st.sampled_from(_WORDS) | st.binary(min_size=1, max_size=40)),
    st.tuples(st.just("fill"), _PLACE, st.sampled_from(_FILLINGS)),
    st.tuples(st.just("drop"), _PLACE, st.integers(1, 64)),
    st.tuples(st.just("repeat"), _PLACE, st.integers(1, 64)),
    st.tuples(st.just("cut"), _PLACE, st.none()),
)

damages: st.SearchStrategy[Damage] = st.lists(_STEP, min_size=1, max_size=4)
"""Up to four steps, each at a place within the file."""


def apply_damage(content: bytes, damage: Damage) -> bytes:
    """Return the content after each step of the damage."""
    for kind, part, what in damage:
        place = int(part * len(content))
        before, after = content[:place], content[place:]
        if kind == "put":
            content = before + what + after[len(what) :]
        elif kind == "word":
            content = before + _WORD.sub(what.replace(b"\\", rb"\\"), after, count=1)
        elif kind == "fill":
            content = before + what[0] * what[1] + after
        elif kind == "insert":
            content = before + what + after
        elif kind == "drop":
            content = before + after[what:]
        elif kind == "repeat":
            content = before + after[:what] * 8 + after[what:]
        else:
            content = before
    return content
