"""TIFF that is turned, of every layout: tiles, strips, planes, floats, predictors; either byte order."""

import numpy as np
import tifffile

from tests.imaging.files.kinds import Kind, unturn

_LAYOUTS = {  # what is made of the turned picture, and how it is written
    "tiled": (lambda p: p, {"tile": (64, 64)}),
    "of 16 bits, white is zero": (lambda p: 65535 - p.astype(np.uint16) * 200, {"photometric": "miniswhite"}),
    "in colour": (lambda p: np.repeat(p[..., None], 3, axis=-1), {"photometric": "rgb"}),
    "in planes": (lambda p: np.stack([p] * 3), {"photometric": "rgb", "planarconfig": 2}),
    "of floats": (lambda p: p.astype(np.float32), {}),
    "with a predictor": (lambda p: p.astype(np.uint16) * 200, {"byteorder": ">", "compression": "lzw",
                                                                 "predictor": True}),
    "in strips": (lambda p: p, {"rowsperstrip": 7}),
}  # fmt: skip


def _turned(orientation, make, options):
    tag = [(274, "H", 1, orientation, True)]
    return lambda path, picture: tifffile.imwrite(
        path, make(unturn(picture, orientation)), extratags=tag, metadata=None, **options
    )


KINDS = [
    Kind(f"tiff {layout}, orientation {k}", _turned(k, *_LAYOUTS[layout])) for layout in _LAYOUTS for k in range(2, 9)
]
