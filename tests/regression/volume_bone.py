"""A volume with one bone made of a formula, in any orientation, and its landmarks."""

import numpy as np
from scipy.spatial.transform import Rotation

from boneage.imaging import Points, Scan
from boneage.regression import Site

SITE = Site("bone", "bone", ("middle",), (), ("tip",), (), ("middle", "tip"), 2.0, 0.0, ("middle", "aside"))
SIDE = 40  # at a length of 20, a voxel of the crop is as long as one of the unit
MIDDLE = (SIDE - 1) / 2
# in the bone's own axes: depth, along, aside. An ellipsoid, and a spot at the tip, one aside and one deep
BLOBS = {"shaft": ((0, 0, 0), (3, 8, 3)), "tip": ((0, 14, 0), (2, 2, 2)), "aside": ((0, 0, 11), (2, 2, 2)),
         "deep": ((9, 0, 0), (2, 2, 2))}  # fmt: skip
LANDMARKS = {"middle": (0, 0, 0), "tip": (0, 20, 0), "aside": (0, 5, 30)}


def draw_bone(turn, spacing=(1.0, 1.0, 1.0), field=70.0, mirrored=False):
    """A volume with the bone in its middle; the turn's columns are the bone's axes, as planes, rows, columns.

    Unturned, the distal end is up and the side to the right.
    """
    axes = np.asarray(turn) * [1.0, -1.0, 1.0]
    if mirrored:
        axes = axes * np.array([[1.0], [1.0], [-1.0]])
    shape = tuple(round(field / step) for step in spacing)
    centre = (np.array(shape) - 1) / 2 * spacing
    grid = np.moveaxis(np.indices(shape), 0, -1) * spacing - centre
    own = grid @ axes
    pixels = sum(np.exp(-(((own - place) / width) ** 2).sum(axis=-1) / 2) for place, width in BLOBS.values())
    places = {name: (axes @ place + centre) / spacing for name, place in LANDMARKS.items()}
    scan = Scan(pixels, spacing=spacing, spacing_unit="mm", modality="mri")
    return scan, Points(tuple(places), np.stack(list(places.values())))


def slanted(seed=0):
    return Rotation.random(random_state=seed).as_matrix()
