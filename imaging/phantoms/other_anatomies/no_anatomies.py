"""Pictures of nothing: a page of text, white noise, an even gradient."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_LETTERS = "aaabcdeeeefghiiijklmnnooopqrrssttuuvwxyz"


def draw_text(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Draw a page of lines of made-up words, dark on bright or bright on dark; grey values 0 to 255."""
    rows, cols = shape
    paper, size = np.zeros(shape, np.uint8), rng.uniform(0.5, 1.1) * min(shape) / 900
    line = max(round(45 * size), 6)
    for row in range(2 * line, rows - line, line):
        if rng.uniform() < 0.12:
            continue  # between paragraphs
        text = " ".join(_draw_word(rng) for _ in range(int(0.85 * cols / (95 * size) * rng.uniform(0.5, 1.0)) + 1))
        place = (round(0.08 * cols), row)
        cv2.putText(paper, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, 255, max(round(2 * size), 1), cv2.LINE_AA)
    paper[:, round(0.93 * cols) :] = 0
    grey = 240.0 - 215.0 * (paper / 255.0) + rng.normal(0, 2, shape)
    return np.asarray(np.clip(grey if rng.uniform() < 0.7 else 255.0 - grey, 0, 255))


def draw_noise(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Draw white noise about a grey value."""
    return np.clip(rng.normal(rng.uniform(60, 180), rng.uniform(10, 60), shape), 0, 255)


def draw_gradient(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Draw an even slope of grey values, of any direction and steepness, with a little noise: a blank exposure."""
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    turn, steepness = rng.uniform(0, 2 * np.pi), rng.uniform(0, 60)
    slope = steepness * (np.cos(turn) * x + np.sin(turn) * y)
    grey = rng.uniform(70, 180) + slope + rng.normal(0, rng.uniform(0.7, 4), shape)
    return np.asarray(np.clip(grey, 0, 255))


def _draw_word(rng: np.random.Generator) -> str:
    return "".join(rng.choice(list(_LETTERS), rng.integers(2, 10)))
