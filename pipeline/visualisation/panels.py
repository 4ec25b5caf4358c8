"""What stands beside a picture of a hand: a dark panel of text, with a bar that explains the colours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]

HEIGHT = 1000  # of a picture, and of what stands beside it
PANEL_WIDTH = 330
BACKGROUND: Colour = (18, 20, 24)
TEXT: Colour = (235, 235, 235)
FAINT: Colour = (150, 155, 165)
WARNING: Colour = (220, 80, 140)
_LEFT = 20
_BAR = (24, 280)  # width and height


def new_panel(height: int, id_: str, title: str, detail: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """Return a panel with its heading, as high as the pictures beside it, and what draws on it from 116 pixels down."""
    panel = Image.new("RGB", (PANEL_WIDTH, height), BACKGROUND)
    draw = ImageDraw.Draw(panel)
    draw.text((_LEFT, 18), compose_accents(id_), fill=FAINT, font=font(16))
    draw.text((_LEFT, 42), title, fill=TEXT, font=font(36))
    draw.text((_LEFT, 90), detail, fill=FAINT, font=font(16))
    draw.text((_LEFT, height - 34), "research use only, not a diagnosis", fill=FAINT, font=font(14))
    return panel, draw


def draw_wrapped(draw: ImageDraw.ImageDraw, text: str, top: int, colour: Colour = FAINT) -> int:
    """Write text over as many lines as it needs; return the top of the next line."""
    line = ""
    for word in text.split():
        if draw.textlength(f"{line} {word}", font=font(15)) > PANEL_WIDTH - 2 * _LEFT:
            draw.text((_LEFT, top), line, fill=colour, font=font(15))
            line, top = word, top + 20
        else:
            line = f"{line} {word}".strip()
    draw.text((_LEFT, top), line, fill=colour, font=font(15))
    return top + 20


def draw_bar(
    draw: ImageDraw.ImageDraw, top: int, colours: NDArray[np.uint8], ticks: Iterable[tuple[float, str]]
) -> int:
    """Draw a bar of colours and what its ticks mean; return the top of what follows.

    Parameters
    ----------
    draw : ImageDraw
    top : int
    colours : ndarray of uint8, shape (n, 3)
        From the lowest to the highest value.
    ticks : iterable of (float, str)
        Where they stand, 0 to 1, and what is written beside them.
    """
    width, height = _BAR
    for row in range(height):
        red, green, blue = colours[round((len(colours) - 1) * (1 - row / (height - 1)))].tolist()
        draw.line((_LEFT, top + row, _LEFT + width - 1, top + row), fill=(red, green, blue))
    for part, label in ticks:
        row = top + round((height - 1) * (1 - part))
        draw.line((_LEFT + width, row, _LEFT + width + 6, row), fill=FAINT)
        draw.text((_LEFT + width + 12, row), label, fill=TEXT, font=font(15), anchor="lm")
    return top + height + 20


def join_panels(parts: Sequence[Image.Image]) -> Image.Image:
    """Return pictures side by side, as high as the highest."""
    whole = Image.new("RGB", (sum(part.width for part in parts), max(part.height for part in parts)), BACKGROUND)
    left = 0
    for part in parts:
        whole.paste(part, (left, 0))
        left += part.width
    return whole


def compose_accents(text: str) -> str:
    """Return a text whose letters bear their accents: some systems write names with accents after the letters."""
    return normalize("NFC", text)


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the font of every picture."""
    return ImageFont.load_default(size)
