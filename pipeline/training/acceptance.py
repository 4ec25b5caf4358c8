"""Measuring how real hands are located: what a localiser then judges others by."""

from __future__ import annotations

from typing import Any

from boneage.imaging import Collection, UnreadableScan
from boneage.imaging.progress import Progress
from boneage.landmarks import Acceptance, ForestLocaliser


def measure_acceptance(
    localiser: ForestLocaliser, collection: Collection, *, report: Progress | None = None
) -> tuple[ForestLocaliser, dict[str, Any]]:
    """Locate hands that the localiser has not learnt from, and let it judge others by them.

    Parameters
    ----------
    localiser : ForestLocaliser
        Fitted.
    collection : Collection
        Real hands, whole and of the kinds that are to be read; no annotations are needed.
    report : callable, optional
        Called with the part that is done.

    Returns
    -------
    localiser : ForestLocaliser
        The same, with ``acceptance_``.
    summary : dict
        The hands it was measured on, for the model file; ``not_found`` are those in which no pose was found.

    Raises
    ------
    InvalidInput
        If there are too few hands.
    """
    evidence, ids, not_found = [], [], []
    for number, id_ in enumerate(collection.ids):
        try:
            weighed = localiser.find(collection.scan(id_)).evidence
        except UnreadableScan:
            continue
        if weighed is None:
            not_found.append(id_)
        else:
            ids.append(id_)
            evidence.append(weighed)
        if report is not None:
            report("locating hands", (number + 1) / len(collection.ids))
    return localiser.with_acceptance(Acceptance.fit(evidence)), {"ids": ids, "not_found": not_found}
