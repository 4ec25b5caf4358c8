"""Measuring how real hands are located: what a localiser then judges others by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from boneage.imaging import Collection, UnreadableScan
from boneage.imaging.progress import Progress
from boneage.landmarks import Acceptance, ForestLocaliser


def measure_acceptance(
    localiser: ForestLocaliser, collections: Sequence[Collection], *, report: Progress | None = None
) -> tuple[ForestLocaliser, dict[str, Any]]:
    """Locate hands that the localiser has not learnt from, and let it judge others by them.

    Hands of which fewer local stages vote, because their pictures are too coarse for the others, are a class of their
    own if there are enough of them.

    Parameters
    ----------
    localiser : ForestLocaliser
        Fitted.
    collections : sequence of Collection
        Real hands, whole and of the kinds that are to be read; no annotations are needed. The same hands may be in
        several, as copies of other detail.
    report : callable, optional
        Called with the part that is done.

    Returns
    -------
    localiser : ForestLocaliser
        The same, with ``acceptance_``.
    summary : dict
        The hands it was measured on, for the model file: ``ids`` in the order of the scans of ``acceptance_``;
        ``not_found`` are those in which no pose was found.

    Raises
    ------
    InvalidInput
        If there are too few hands.
    """
    evidence, ids, not_found = [], [], []
    scans = [(collection, id_) for collection in collections for id_ in collection.ids]
    for number, (collection, id_) in enumerate(scans):
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
            report("locating hands", (number + 1) / len(scans))
    acceptance = Acceptance.fit(evidence, boundaries=localiser.least_details)
    return localiser.with_acceptance(acceptance), {"ids": ids, "not_found": not_found}
