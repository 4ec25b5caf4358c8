"""Make the figures of the docs from phantom hands: docs/images/overlay.png and docs/images/localiser.png.

Usage: python docs/make_figures.py [OUT]

Trains a localiser and an age model on phantom hands by the commands of the README (some minutes on two cores), then
draws phantoms that neither was trained on. No real hand is read.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from numpy.typing import NDArray
from PIL import Image

from boneage.imaging import Frame, Scan, read_scan, resample
from boneage.imaging.schemes import find_scheme
from boneage.landmarks import ForestLocaliser
from boneage.landmarks.localiser import LocatedScan
from boneage.landmarks.pose_search import PoseHypothesis
from boneage.landmarks.similarity import fit_local_frames, rotation
from boneage.landmarks.views import draw_close_view, draw_view
from boneage.pipeline import load_localiser

Array = NDArray[np.float64]

N_TRAINING, EPOCHS = 60, 40
PROPOSALS = ((0, 1.0), (0, 0.6), (120, 1.0), (210, 0.6))  # rotations in degrees, sizes relative to the usual one
SHOWN = "phantom0003"  # a hand of the set that is read
AMBER, BLUE, GREEN, PINK = "#ffb000", "#5abeff", "#35d07f", "#ff5fb0"
BACKGROUND, TEXT, FAINT = "#14171c", "#e8eaed", "#9aa3af"
CLOSE = ("index_tip", "middle_PIP", "little_MCP", "thumb_MCP", "radius_styloid_tip", "mc3_base_CMC3")


def main(out: Path) -> None:
    """Train on phantoms and draw both figures."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        train_and_read(work)
        overlay = Image.open(work / "results" / "overlays" / f"{SHOWN}.png")
        save_small(overlay.resize((overlay.width * 7 // 10, overlay.height * 7 // 10)), out / "overlay.png")
        localiser, _ = load_localiser(work / "localiser.boneage")
        scan = rotate(read_scan(work / "new" / "images" / f"{SHOWN}.png"), np.radians(50))
        draw_stages(localiser, scan, out / "localiser.png")


def train_and_read(work: Path) -> None:
    """Make phantoms, train a localiser and an age model, and read other phantoms, by the command line."""
    known, new = work / "known", work / "new"
    localiser, model = work / "localiser.boneage", work / "model.boneage"
    commands: list[list[object]] = [
        ["phantom", known, "--count", N_TRAINING],
        ["phantom", new, "--count", 8, "--seed", 7],
        ["landmarks", "train", known / "images", "--landmarks", known / "landmarks.csv", "--model", localiser],
        ["age", "train", known / "images", "--ages", known / "ages.csv", "--localiser", localiser, "--epochs", EPOCHS,
         "--model", model],
        ["predict", new / "images", "--sex-csv", new / "ages.csv", "--model", model, "--out", work / "results"],
    ]  # fmt: skip
    for command in commands:
        subprocess.run([Path(sys.executable).with_name("boneage"), *map(str, command)], check=True)


def save_small(picture: Image.Image, path: Path) -> None:
    """Save a picture with a palette of 256 colours, which is a third of the size."""
    picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


def rotate(scan: Scan, angle_rad: float) -> Scan:
    """Return a scan rotated about its middle, on a film large enough for it."""
    linear = rotation(angle_rad, 2)
    size = np.array(scan.pixels.shape)
    shape = np.ceil(np.abs(linear) @ size).astype(int)
    frame = Frame.from_linear(linear, shape / 2 - linear @ (size / 2))
    floor = float(np.percentile(scan.pixels, 1))
    pixels = resample(scan.pixels - floor, frame, (int(shape[0]), int(shape[1]))) + floor
    return Scan(pixels=pixels.astype(np.float32), spacing=(1.0, 1.0), source="phantom")


def draw_stages(localiser: ForestLocaliser, scan: Scan, path: Path) -> None:
    """Draw how a hand is found: the image, the pose search, the coarse stage, candidates, votes, landmarks."""
    matplotlib.use("Agg")
    found = localiser.find(scan)
    standard = scan if found.standardised is None else found.standardised.scan
    best = localiser._searcher.search(standard)
    assert best is not None
    figure = plt.figure(figsize=(12.6, 9.0), facecolor=BACKGROUND, dpi=80)
    figure.subplots_adjust(left=0.01, right=0.99, top=0.93, bottom=0.005, wspace=0.03, hspace=0.1)
    axes = [figure.add_subplot(2, 3, k) for k in range(1, 7)]
    titles = (
        "1  the image",
        "2  standardised; the best pose is green",
        "3  coarse stage: a first estimate",
        "4  local stage: candidates, chosen in green",
        "5  last local stage: votes in local frames",
        "6  landmarks, in pixels of the original",
    )
    for axis, title in zip(axes, titles, strict=True):
        axis.set_title(title, color=TEXT, fontsize=12, loc="left")
        axis.set_anchor("NW")
        axis.set_axis_off()
    show(axes[0], scan.pixels)
    draw_poses(axes[1], standard, localiser, best)
    draw_coarse(axes[2], standard, localiser, best)
    draw_candidates(axes[3], standard, localiser, best)
    draw_votes(axes[4], scan, found)
    draw_landmarks(axes[5], scan, found)
    figure.text(0.01, 0.975, "How a hand is found (a phantom, not a radiograph of anyone)", color=FAINT, fontsize=11.5)
    figure.savefig(path, facecolor=BACKGROUND)
    plt.close(figure)
    save_small(Image.open(path), path)


def show_square(axis: Axes, pixels: NDArray[np.floating], top: float = 0.0) -> None:
    """Show the middle of an image, a square as wide as it, from ``top`` (part of its height) downwards."""
    show(axis, pixels)
    rows, columns = pixels.shape
    axis.set_ylim(top * rows + columns, top * rows)


def show(axis: Axes, pixels: NDArray[np.floating]) -> None:
    """Show an image in grey."""
    low, high = np.percentile(pixels, (0.5, 99.7))
    axis.imshow(pixels, cmap="gray", vmin=low, vmax=high, interpolation="bilinear")


def draw_skeleton(axis: Axes, places: Array, names: tuple[str, ...], colour: str, width: float, alpha: float) -> None:
    """Draw the lines between landmarks that their scheme joins."""
    scheme = find_scheme(names)
    assert scheme is not None
    for first, second in scheme.pairs:
        ends = places[[names.index(first), names.index(second)]]
        axis.plot(ends[:, 1], ends[:, 0], color=colour, linewidth=width, alpha=alpha, solid_capstyle="round")


def draw_poses(axis: Axes, scan: Scan, localiser: ForestLocaliser, best: PoseHypothesis) -> None:
    """Draw the mean shape in some poses that the search proposes, and in the best one that it found."""
    show(axis, scan.pixels)
    for angle, size in PROPOSALS:
        pose = localiser.usual_.place(scan, size, rotation(np.radians(angle), 2))
        draw_skeleton(axis, pose.inverse().apply(localiser.mean_shape_), localiser.names_, BLUE, 1.1, 0.6)
    draw_skeleton(axis, best.pose.inverse().apply(localiser.mean_shape_), localiser.names_, GREEN, 2.4, 1.0)
    axis.set_xlim(0, scan.pixels.shape[1])
    axis.set_ylim(scan.pixels.shape[0], 0)


def draw_coarse(axis: Axes, scan: Scan, localiser: ForestLocaliser, best: PoseHypothesis) -> None:
    """Draw the view of the coarse stage, and the landmarks that it votes for."""
    stage = localiser._coarse[-1]
    view = draw_view(scan, best.pose, localiser.bounds_, stage.stage.resolution)
    places, _ = stage.cast(view).locate()
    show_square(axis, view.picture, 0.1)
    axis.scatter(places[:, 1], places[:, 0], s=26, color=AMBER, edgecolor="black", linewidth=0.6)


def draw_candidates(axis: Axes, scan: Scan, localiser: ForestLocaliser, best: PoseHypothesis) -> None:
    """Draw what the first local stage chooses from, and a few of its local frames."""
    stage, settings = localiser._local[0], localiser._settings.candidates
    view = draw_close_view(scan, best.pose, localiser.bounds_, stage.stage.resolution)
    to_view = view.to_view.compose(best.pose.inverse())
    levels, starts = stage.normalise(view), to_view.apply(best.positions)
    turns = fit_local_frames(best.positions, localiser.mean_shape_, localiser.neighbours_, settings.max_local_resize)
    frames = view.turn_from(turns)
    votes = [
        stage.vote_near(levels, k, start, frames[k], settings.n_peaks, settings.min_peak_ratio)
        for k, start in enumerate(starts)
    ]
    places = [to_view.inverse().apply(vote.positions) for vote in votes]
    chosen = localiser.prior_.choose(places, [vote.heights for vote in votes])
    show_square(axis, view.picture, 0.1)
    for k, (vote, best_one) in enumerate(zip(votes, chosen, strict=True)):
        sizes = 8 + 90 * vote.heights / vote.heights.max()
        axis.scatter(vote.positions[:, 1], vote.positions[:, 0], s=sizes, facecolor="none", edgecolor=PINK, linewidth=1)
        row, column = vote.positions[best_one]
        axis.scatter(column, row, s=16, color=GREEN, edgecolor="black", linewidth=0.5)
        if localiser.names_[k] in CLOSE:
            reach = stage.stage.radius * stage.stage.resolution
            square = reach * np.array([(-1, -1), (-1, 1), (1, 1), (1, -1), (-1, -1)])
            outline = starts[k] + square @ np.linalg.inv(frames[k]).T
            axis.plot(outline[:, 1], outline[:, 0], color=BLUE, linewidth=1.3)


def draw_votes(axis: Axes, scan: Scan, found: LocatedScan) -> None:
    """Draw the patches of some landmarks as the last stage sees them, with their votes."""
    for number, name in enumerate(CLOSE):
        votemap = found.votes[found.points.names.index(name)]
        patch = resample(scan.pixels, votemap.to_map, votemap.values.shape)
        small = axis.inset_axes((0.02 + 0.33 * (number % 3), 0.53 - 0.47 * (number // 3), 0.3, 0.4))
        show(small, patch)
        height = votemap.values / votemap.values.max()
        small.imshow(height, cmap="inferno", alpha=np.clip(height * 1.6, 0, 0.85), interpolation="bilinear")
        small.set_title(name.replace("_", " "), color=FAINT, fontsize=8.5)
        small.set_axis_off()


def draw_landmarks(axis: Axes, scan: Scan, found: LocatedScan) -> None:
    """Draw the landmarks in the image; doubtful ones are pink."""
    points = found.points
    show(axis, scan.pixels)
    draw_skeleton(axis, points.positions, points.names, AMBER, 0.9, 0.6)
    colours = [PINK if doubtful else AMBER for doubtful in points.doubtful]
    axis.scatter(
        points.positions[:, 1], points.positions[:, 0], s=24, facecolor="none", edgecolor=colours, linewidth=1.6
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "images")
