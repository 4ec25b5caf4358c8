import pytest

from boneage.landmarks import Acceptance
from boneage.pipeline import load_localiser
from boneage.pipeline.data import load_collection
from boneage.pipeline.training.acceptance import measure_acceptance


@pytest.fixture(scope="module")
def localiser(localiser_file):
    return load_localiser(localiser_file)[0]


def test_the_scans_of_all_folders_are_kept_with_their_detail(localiser, new, known, monkeypatch):
    fit, given = Acceptance.fit, {}

    def remember(evidence, **settings):
        given.update(settings)
        return fit(evidence, threshold=0.5, **settings)

    monkeypatch.setattr(Acceptance, "fit", remember)
    collections = [load_collection([new / "images"]), load_collection([known / "images"])]
    parts = []
    judge, summary = measure_acceptance(localiser, collections, report=lambda _stage, fraction: parts.append(fraction))
    assert summary == {"ids": [*collections[0].ids, *collections[1].ids], "not_found": []}
    assert len(judge.acceptance_.terms) == len(summary["ids"]) == len(parts) == 15
    assert parts[-1] == 1.0
    assert given == {"boundaries": localiser.least_details}
    evidence = localiser.find(collections[1].scan(collections[1].ids[0])).evidence
    assert judge.acceptance_.terms[3] == pytest.approx(evidence.terms)
    assert judge.acceptance_.details[3] == evidence.detail
    assert localiser.acceptance_ is None
