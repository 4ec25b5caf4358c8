"""Training a segmenter on hands with masks, laid upright as new ones will be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from boneage.imaging import Collection, Points
from boneage.imaging.errors import InvalidInput
from boneage.imaging.plausibility import check_axes
from boneage.imaging.progress import Progress
from boneage.pipeline.centres import CentreModel, centre_crop_spec
from boneage.pipeline.located_hand import HandLandmarks, mean_shape_of
from boneage.pipeline.pipeline import load_localiser
from boneage.pipeline.storage.code_version import prepare_versioned_folder
from boneage.pipeline.storage.shipped_model import shipped_model
from boneage.pipeline.training.crop_cache import CropCache
from boneage.pipeline.training.crop_steps import LocateStep
from boneage.pipeline.training.dataset import ExcludedHand
from boneage.pipeline.training.masks import MaskedHand, MaskFolder, MaskStep
from boneage.regression import CropSpec
from boneage.regression.segmentation.anatomy import check_names, list_centres, measure_hand_length
from boneage.regression.segmentation.naming import name_parts
from boneage.regression.segmentation.segmenter import KINDS, HandSegmenter, MaskedHands, SegmenterSettings

_GIVEN_UP = 0.02  # of the centres that are there
_LEAST_HANDS = 50


@dataclass(frozen=True, eq=False)
class SegmenterTrainingOptions:
    """How a segmenter is trained.

    Parameters
    ----------
    settings : SegmenterSettings
    crop_spec : CropSpec
        Of kind ``hand``.
    localiser : Path, optional
        Model file of the localiser that finds the landmarks, and whose mean shape hands are aligned to; the one that
        comes with boneage if not given.
    at_landmarks : bool
        Whether the landmarks of the collection's table are taken instead of those that the localiser finds.
    validation_ids : frozenset of str
        Hands that are not trained on; the error on them is measured after each pass.
    seed : int
    jobs : int
        Number of processes.
    """

    settings: SegmenterSettings = field(default_factory=SegmenterSettings)
    crop_spec: CropSpec = field(default_factory=centre_crop_spec)
    localiser: Path | None = None
    at_landmarks: bool = False
    validation_ids: frozenset[str] = frozenset()
    seed: int = 0
    jobs: int = 1


@dataclass(frozen=True, eq=False)
class PreparedHands:
    """Hands that have masks, laid upright.

    Parameters
    ----------
    hands : mapping of MaskedHand
        By id.
    located : mapping of HandLandmarks
        Of these and of hands that were left out.
    excluded : tuple of ExcludedHand
        Hands that could not be read, located or laid upright.
    reference : Points
        The shape that they are aligned to.
    """

    hands: Mapping[str, MaskedHand]
    located: Mapping[str, HandLandmarks]
    excluded: tuple[ExcludedHand, ...]
    reference: Points


def train_segmenter(
    collection: Collection,
    masks: MaskFolder,
    options: SegmenterTrainingOptions,
    *,
    state: Path | None = None,
    cache: Path | None = None,
    report: Progress | None = None,
) -> tuple[CentreModel, tuple[ExcludedHand, ...]]:
    """Train a segmenter on the hands of a collection that have masks.

    1. Lay every hand upright with its masks (:func:`prepare_masked_hands`).
    2. Fit the segmenter on those that are not kept apart.
    3. Learn from them how sure it is where a bone is outlined (:func:`learn_least_probabilities`).

    Parameters
    ----------
    collection : Collection
    masks : MaskFolder
    options : SegmenterTrainingOptions
    state : Path, optional
        Folder for the state of the training: the same call resumes from there. The caller removes it afterwards.
    cache : Path, optional
        Folder for prepared hands; inside ``state`` if not given.
    report : callable, optional

    Returns
    -------
    model : CentreModel
    excluded : tuple of ExcludedHand
        Hands that could not be read, located or laid upright.

    Raises
    ------
    InvalidInput
        If fewer than two hands are left to train on, or landmarks that centres are named by are missing.
    InvalidTable
        If x and y seem to be swapped in the table of landmarks.
    """
    prepared = prepare_masked_hands(
        collection, masks, options, cache=state / "hands" if cache is None and state is not None else cache,
        report=report,
    )  # fmt: skip
    hands = pack_hands(prepared.hands)
    training, others = hands.among(set(hands.ids) - options.validation_ids), hands.among(options.validation_ids)
    segmenter = HandSegmenter(settings=options.settings, random_state=options.seed)
    folder = prepare_versioned_folder(state) if state is not None else None
    segmenter.fit(training, validation=others if len(others) else None, progress=report, checkpoints=folder)
    summary = {
        "n_hands": len(training),
        "seed": options.seed,
        "ids": list(training.ids),
        "validation_ids": list(others.ids),
    }
    least = {"bones": learn_least_probabilities(segmenter, prepared, training.ids)}
    return CentreModel(segmenter, options.crop_spec, prepared.reference, least, summary), prepared.excluded


def prepare_masked_hands(
    collection: Collection,
    masks: MaskFolder,
    options: SegmenterTrainingOptions,
    *,
    cache: Path | None = None,
    report: Progress | None = None,
) -> PreparedHands:
    """Lay the hands that have masks upright.

    Returns
    -------
    PreparedHands

    Raises
    ------
    InvalidInput
        If no picture has masks, or landmarks that centres are named by are missing.
    InvalidTable
        If x and y seem to be swapped in the table of landmarks.
    """
    both = [id_ for id_ in collection.ids if id_ in masks.ids]
    if not both:
        raise InvalidInput("no picture has masks: are their names those of the pictures?")
    localiser, _ = load_localiser(options.localiser or shipped_model())
    check_names(localiser.names_)
    reference = mean_shape_of(localiser)
    assert reference is not None
    hands = collection.subset(both)
    if options.at_landmarks and collection.landmarks is not None:
        reference = reference.select([name for name in reference.names if name in collection.landmarks.names])
        check_names(reference.names)
        check_axes(collection.landmarks, reference)
    step = LocateStep(None if options.at_landmarks else localiser, reference)
    stored = CropCache(cache, options.jobs, report)
    located = {id_: hand.located for id_, hand in stored.cached(step, hands).items()}
    found = stored.cached(MaskStep(options.crop_spec, reference, located, masks), hands)
    excluded = tuple(ExcludedHand(id_, str(hands.paths[id_]), hand.fault) for id_, hand in found.items() if hand.fault)
    return PreparedHands({id_: hand for id_, hand in found.items() if not hand.fault}, located, excluded, reference)


def learn_least_probabilities(
    segmenter: HandSegmenter, prepared: PreparedHands, ids: Sequence[str]
) -> dict[str, float]:
    """Return by name the probability that the highest in a bone's centre reaches where a mask has it, but for few.

    A faint part of a large bone is a mistake where an equally faint one of a thin epiphysis is not: of each centre,
    the least sure 2 % of the outlined ones are given up. A centre that fewer than 50 hands have is left out.

    Parameters
    ----------
    segmenter : HandSegmenter
    prepared : PreparedHands
    ids : sequence of str
        Of the hands to learn from.
    """
    centres, place = list_centres("bones"), KINDS.index("bones")
    highest: dict[str, list[float]] = {name: [] for name in centres}
    for id_ in ids:
        hand, located = prepared.hands[id_], prepared.located[id_].points
        assert hand.to_original is not None
        assert located is not None
        points = located.mapped(hand.to_original.inverse())
        length = measure_hand_length(points)
        if not length > 0:
            continue
        found = segmenter.predict((hand.pixels[None] / 255).astype(np.float32))[0, place]
        mask = hand.masks[place].astype(np.float32) / 255
        parts, true = (name_parts(one, centres, points, length) for one in (found, mask))
        for name in set(parts.names) & set(true.names) - {""}:
            highest[name].append(float(found[parts.mask(name)].max()))
    known = {name: values for name, values in highest.items() if len(values) >= _LEAST_HANDS}
    return {name: float(np.quantile(values, _GIVEN_UP, method="lower")) for name, values in known.items()}


def pack_hands(hands: Mapping[str, MaskedHand]) -> MaskedHands:
    """Return prepared hands in arrays.

    Raises
    ------
    InvalidInput
        If there are none.
    """
    if not hands:
        raise InvalidInput("none of the hands with masks could be laid upright")
    pixels, masks = (np.stack([getattr(hand, name) for hand in hands.values()]) for name in ("pixels", "masks"))
    return MaskedHands(tuple(hands), pixels, masks)
