"""What the measures of ossification centres say of the age: from masks alone, and beside the shipped model's answer.

Usage: python docs/measure/centre_ages.py IMAGES MASKS AGES SIZES LANDMARKS PREDICTED OUT

MASKS has bones/ID.png and joints/ID.png; AGES is a table of id, boneage_months and sex; LANDMARKS one of `boneage
landmarks locate`; PREDICTED an ages.csv of `boneage predict`, from which hands that its model has seen are left out.
Prints tables in Markdown, and writes OUT/measures.csv, which is used again, and OUT/centre-appearance.png.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, RidgeCV
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from boneage.evaluation.figures.style import COLOURS, new_figure, to_png
from boneage.evaluation.metrics.bootstrap import bootstrap_mean_interval
from boneage.imaging import Collection, UnreadableScan, resample
from boneage.imaging.errors import InvalidTable
from boneage.pipeline import load_pipeline
from boneage.pipeline.centres import centre_crop_spec
from boneage.pipeline.data import load_collection
from boneage.pipeline.located_hand import HandLandmarks, crop_located_hand, mean_shape_of
from boneage.pipeline.training.masks import MaskFolder
from boneage.regression.segmentation.anatomy import FINGERTIP, WRIST, list_centres, measure_hand_length
from boneage.regression.segmentation.measures import measure_centres
from boneage.regression.segmentation.naming import name_parts

Array = NDArray[np.float64]

BONES = list_centres("bones")
SIZES = ("area", "width", "height")
OF_METAPHYSIS = ("relative_width", "metaphysis_distance")
FOLDS = KFold(5, shuffle=True, random_state=0)
LAPSE = 0.02  # of hands in which a centre is outlined or not for other reasons than age
MIDDLES, SCALES = np.arange(0.0, 150.5, 0.5), np.geomspace(2, 30, 12)  # months, of the logistic curves
FEWEST, ROUNDS = 5, 1000


def measure_masks(hands: Collection, masks: MaskFolder) -> Iterator[dict[str, object]]:
    """Yield the measures of each hand's bones, with its id; NaN for a centre whose landmarks are missing."""
    shape = mean_shape_of(load_pipeline().localiser)
    assert shape is not None
    assert hands.landmarks is not None
    reference = shape.select(hands.landmarks.names)
    for id_ in hands.ids:
        points = hands.points(id_)
        if id_ not in masks.ids or points is None or not points.select([*WRIST, FINGERTIP]).present.all():
            continue
        try:
            scan = hands.scan(id_)
            mask = masks.read(id_, scan)[0]
        except (UnreadableScan, InvalidTable) as error:
            print(f"{id_}: {error}", file=sys.stderr)
            continue
        stack, _ = crop_located_hand(scan, HandLandmarks(points), centre_crop_spec(), reference)
        if stack is None or stack.frames[0] is None:
            continue
        to_upright = stack.frames[0].inverse()
        upright, points = resample(mask, to_upright, stack.pixels.shape[1:], fill=0.0), points.mapped(to_upright)
        length, row = measure_hand_length(points), {"id": id_}
        for one in measure_centres(name_parts(upright, BONES, points, length), upright, BONES, points, length):
            known = not np.isnan(one.probability)
            row[f"{one.name} present"] = float(one.present) if known else np.nan
            row |= {f"{one.name} {size}": 0.0 if known and not one.present else getattr(one, size) for size in SIZES}
            if BONES[one.name].metaphysis:
                row |= {f"{one.name} {measure}": getattr(one, measure) for measure in OF_METAPHYSIS}
        yield row


def read_table(path: Path) -> dict[str, dict[str, str]]:
    """Read a table by id."""
    with path.open() as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def make_ridge() -> RegressorMixin:
    """Return a linear regression, in which a missing measure counts as the mean of the others."""
    return make_pipeline(SimpleImputer(), StandardScaler(), RidgeCV(np.geomspace(1, 1e4, 13)))


def make_boosting() -> RegressorMixin:
    """Return gradient boosting of small trees."""
    return HistGradientBoostingRegressor(learning_rate=0.05, max_iter=200, min_samples_leaf=10, random_state=0)


def describe(values: Array) -> str:
    """Return a mean with its interval."""
    low, high = bootstrap_mean_interval(values)
    return f"{values.mean():.1f} ({low:.1f} to {high:.1f})"


def report_ages(measures: Array, girls: Array, months: Array, predicted: Array) -> None:
    """Print how far off ages are from measures, from the model on hands that are new to it, and from both."""
    inputs, new = np.column_stack([measures, girls]), np.isfinite(predicted)
    counts = np.column_stack([np.nansum(measures[:, : len(BONES)], axis=1), girls])

    def read(model: RegressorMixin, of: Array, truth: Array) -> Array:
        return np.asarray(cross_val_predict(model, of, truth, cv=FOLDS))

    answers = {
        "the mean of each sex": read(LinearRegression(), girls[:, None], months),
        "how many centres, ridge": read(make_ridge(), counts, months),
        "measures, ridge": read(make_ridge(), inputs, months),
        "measures, gradient boosting": read(make_boosting(), inputs, months),
    }
    print(
        f"\n| age from | MAD, months, {len(months)} hands | the {new.sum()} that are new to the model |\n|---|---|---|"
    )
    for name, answer in answers.items():
        errors = np.abs(answer - months)
        print(f"| {name} | {describe(errors)} | {describe(errors[new])} |")
    of_model, truth, ages = predicted[new], months[new], np.column_stack([predicted[new], girls[new]])
    alone = read(LinearRegression(), ages, truth)
    ridge, boosting = (answers[f"measures, {name}"][new] for name in ("ridge", "gradient boosting"))
    joined = {
        "the model": of_model,
        "the model, a line fitted by sex": alone,
        "the same and the measures' ages": read(LinearRegression(), np.column_stack([ages, ridge, boosting]), truth),
        "the model, its rest by ridge on the measures": of_model + read(make_ridge(), inputs[new], truth - of_model),
    }
    for name, answer in joined.items():
        print(f"| {name} | | {describe(np.abs(answer - truth))} |")
    for name in list(joined)[2:]:
        gain = np.abs(joined[name] - truth) - np.abs(alone - truth)
        print(f"\n{name}, against the line: {describe(gain)} months")


def report_distances(measured: dict[str, Array], girls: Array, months: Array) -> None:
    """Print how far radius and ulna lie from their metaphysis by age, in percent of the hand's length."""
    print("\n| years | " + " | ".join(f"{name}, {sex}" for name in measured for sex in ("girls", "boys")) + " |")
    print("|---" * (1 + 2 * len(measured)) + "|")
    for first in range(2, 18, 2):
        cells = []
        for distance in measured.values():
            for is_girl in (True, False):
                chosen = (months // 24 * 2 == first) & (girls == is_girl) & np.isfinite(distance)
                if chosen.sum() < 2 * FEWEST:
                    cells.append("")
                    continue
                low, middle, high = np.percentile(100 * distance[chosen], [10, 50, 90])
                cells.append(f"{middle:.1f} ({low:.1f} to {high:.1f})")
        print(f"| {first} to {first + 1} | {' | '.join(cells)} |")


def fit_appearance(present: Array, months: Array) -> tuple[float, float, float]:
    """Return the age at which half have a centre, in months, and the ends of its 95 % bootstrap interval.

    A logistic curve of greatest likelihood, but for ``LAPSE``. NaN where fewer than ``FEWEST`` hands are without it.
    """
    if (present == 0).sum() < FEWEST:
        return np.nan, np.nan, np.nan
    chance = 1 / (1 + np.exp(-(months[:, None, None] - MIDDLES[:, None]) / SCALES))
    chance = LAPSE / 2 + (1 - LAPSE) * chance
    logs = np.log(np.where(present[:, None, None] > 0, chance, 1 - chance)).reshape(len(months), -1)
    n, rng = len(months), np.random.default_rng(0)
    counts = np.vstack([np.ones(n), rng.multinomial(n, np.full(n, 1 / n), ROUNDS)])
    middles = MIDDLES[(counts @ logs).argmax(axis=1) // len(SCALES)]
    low, high = np.percentile(middles[1:], [2.5, 97.5])
    return float(middles[0]), float(low), float(high)


def report_appearance(present: Array, girls: Array, months: Array, picture: Path) -> None:
    """Print, and draw, the age at which each centre is there in half of the girls and boys."""
    print("\n| centre | girls: without, of | age of half, years | boys: without, of | age of half, years |")
    print("|---|---|---|---|---|")
    fitted = {}
    for name, column in zip(BONES, present.T, strict=True):
        cells = []
        for is_girl in (True, False):
            chosen = (girls == is_girl) & np.isfinite(column)
            of_sex = column[chosen]
            fitted[name, is_girl] = middle, low, high = np.array(fit_appearance(of_sex, months[chosen])) / 12
            if low == 0:  # the youngest do not tell how much younger
                fitted[name, is_girl] = np.full(3, np.nan)
            age = "too few" if np.isnan(middle) else f"{middle:.1f} ({low:.1f} to {high:.1f})"
            age = f"under {high:.1f}" if low == 0 else age
            cells += [f"{(of_sex == 0).sum()} of {len(of_sex)}", age]
        print(f"| {name.replace('_', ' ')} | {' | '.join(cells)} |")
    known = [name for name in BONES if np.isfinite([fitted[name, True][0], fitted[name, False][0]]).any()]
    known.sort(key=lambda name: np.nanmean([fitted[name, True][0], fitted[name, False][0]]))
    figure, axes = new_figure(6.0, 0.27 * len(known) + 1.0)
    for is_girl, marker in ((True, "o"), (False, "^")):
        middle, low, high = np.array([fitted[name, is_girl] for name in known]).T
        style = {"fmt": marker, "color": COLOURS[int(is_girl)], "label": "girls" if is_girl else "boys", "capsize": 2}
        axes.errorbar(
            middle, np.arange(len(known)) + 0.12 * (1 - 2 * is_girl), xerr=(middle - low, high - middle), **style
        )
    axes.set_yticks(range(len(known)), [name.replace("_", " ") for name in known])
    axes.set_xlabel("bone age at which half have it outlined, years (95 % interval)")
    axes.set_xlim(left=0)
    axes.invert_yaxis()
    axes.grid(axis="x", alpha=0.3)
    axes.legend(frameon=False, loc="upper right")
    picture.write_bytes(to_png(figure))


def main(images: Path, masks: Path, ages: Path, sizes: Path, landmarks: Path, predicted: Path, out: Path) -> None:
    """Measure, and print all tables."""
    out.mkdir(exist_ok=True)
    if not (out / "measures.csv").is_file():
        rows = list(measure_masks(load_collection([images], landmarks=landmarks, sizes=sizes), MaskFolder.open(masks)))
        with (out / "measures.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    measured, truth, answers = read_table(out / "measures.csv"), read_table(ages), read_table(predicted)
    learnt = set(load_pipeline().summary["age"]["ids"])
    ids = [id_ for id_ in measured if id_ in truth]
    names = sorted((name for name in measured[ids[0]] if name != "id"), key=lambda name: not name.endswith(" present"))
    measures = np.array([[float(measured[id_][name]) for name in names] for id_ in ids])
    girls = np.array([truth[id_]["sex"] == "F" for id_ in ids])
    months = np.array([float(truth[id_]["boneage_months"]) for id_ in ids])
    known = {id_: row["bone_age_months"] for id_, row in answers.items() if id_ not in learnt}
    print(f"{len(ids)} hands, {girls.sum()} of girls, {(months < 24).sum()} under 2 years")
    report_ages(measures, girls, months, np.array([float(known.get(id_) or "nan") for id_ in ids]))
    report_distances(
        {n: measures[:, names.index(f"{n} metaphysis_distance")] for n in ("radius", "ulna")}, girls, months
    )
    report_appearance(measures[:, : len(BONES)], girls, months, out / "centre-appearance.png")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
