"""Synthetic pictures of something that is no hand: an angular steel plate with holes, on a grainy ground."""

import cv2
import numpy as np

from boneage.imaging import Points, write_landmarks

CORNERS = {
    "heel": (0, 0),
    "toe": (0, 60),
    "toe_inner": (18, 60),
    "crook": (22, 24),
    "top_inner": (90, 20),
    "top": (90, 0),
}
HOLES = {"hole_low": (9, 48, 4), "hole_mid": (10, 28, 5), "hole_heel": (12, 10, 6), "hole_shaft": (48, 11, 5),
         "hole_high": (78, 9, 4)}  # fmt: skip
NAMES = (*CORNERS, *HOLES)
"""Corners in order around the outline, then holes; row, column and radius in tenths of a millimetre."""


def draw_plate(rng):
    """Draw one plate, turned by up to 25 degrees, in an image of any size and aspect.

    Returns
    -------
    pixels : ndarray of uint8
    positions : ndarray of shape (11, 2)
        Row, column of ``NAMES``, exact but for the small random bend of each plate.
    """
    model = np.array([*CORNERS.values(), *(hole[:2] for hole in HOLES.values())], float)
    model = (model + rng.normal(0, 0.7, model.shape)) * rng.uniform(0.92, 1.08, 2) - (45, 25)
    angle, scale = rng.uniform(-0.44, 0.44), rng.uniform(2.0, 2.8)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    reach = model @ turn.T
    room = np.ptp(reach, axis=0) + rng.uniform(40, 140, 2)
    positions = reach - reach.min(axis=0) + rng.uniform(0.25, 0.75, 2) * (room - np.ptp(reach, axis=0))
    image = np.full(room.astype(int) + 1, 60.0, np.float32)
    xy = np.round(8 * positions[:, ::-1]).astype(np.int32)
    cv2.fillPoly(image, [xy[: len(CORNERS)]], 190.0, cv2.LINE_8, 3)
    for centre, (_, _, radius) in zip(xy[len(CORNERS) :], HOLES.values(), strict=True):
        cv2.circle(image, centre.tolist(), round(8 * radius * scale * 0.7), 85.0, -1, cv2.LINE_8, 3)
    image = cv2.GaussianBlur(image, (0, 0), 1.2) + rng.normal(0, 6, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8), positions


def write_plates(folder, count, seed):
    """Write ``images/*.png`` and ``landmarks.csv``.

    Every third image is a resized copy, squashed to two thirds of its width, whose original size is in the table;
    every fourth lacks one landmark.
    """
    rng = np.random.default_rng(seed)
    (folder / "images").mkdir(parents=True)
    points, shapes = {}, {}
    for k in range(count):
        pixels, positions = draw_plate(rng)
        id_ = f"plate{k:02d}"
        if k % 3 == 2:
            shapes[id_] = pixels.shape
            pixels = cv2.resize(pixels, (pixels.shape[1] * 2 // 3, pixels.shape[0]), interpolation=cv2.INTER_AREA)
        if k % 4 == 3:
            positions[rng.integers(len(NAMES))] = np.nan
        cv2.imwrite(str(folder / "images" / f"{id_}.png"), pixels)
        points[id_] = Points(NAMES, positions)
    write_landmarks(folder / "landmarks.csv", points, shapes)
