import io

import numpy as np
import pytest

from boneage.imaging.array_files import read_arrays


def pack(**arrays):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def test_arrays_come_back():
    arrays = read_arrays(io.BytesIO(pack(a=np.arange(5), b=np.eye(2))))
    assert list(arrays) == ["a", "b"]
    assert np.array_equal(arrays["b"], np.eye(2))


def test_whatever_the_damage_the_error_is_one():
    content = pack(a=np.random.default_rng(0).normal(size=200))
    rng = np.random.default_rng(1)
    damaged = [b"", b"no zip", content[: len(content) // 2], content[:-1]]
    for _ in range(200):
        changed = bytearray(content)
        changed[rng.integers(len(content))] ^= int(rng.integers(1, 256))
        damaged.append(bytes(changed))
    refused = 0
    for content in damaged:
        try:
            read_arrays(io.BytesIO(content))
        except ValueError:
            refused += 1
    assert refused > 150


def test_objects_are_refused():
    with pytest.raises(ValueError, match="no sound file of arrays"):
        read_arrays(io.BytesIO(pack(a=np.array([{}], dtype=object))))
