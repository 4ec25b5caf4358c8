import sys

import numpy as np
import pytest

from boneage.evaluation.benchmarks.speed.peers.dlib_predictor import ShapePredictorPeer


def test_it_learns_where_dlib_is_installed(hands):
    pytest.importorskip("dlib", reason="dlib is an optional peer")
    peer = ShapePredictorPeer(n_jobs=2).fit([h.scan for h in hands[:8]], [h.points for h in hands[:8]])
    found = peer.locate(hands[0].scan)
    assert np.median(np.linalg.norm(found.positions - hands[0].points.positions, axis=1)) < 8


def test_it_can_be_named_without_dlib(monkeypatch, hands):
    monkeypatch.setitem(sys.modules, "dlib", None)
    peer = ShapePredictorPeer(random_state=3)
    with pytest.raises(ImportError):
        peer.fit([hands[0].scan], [hands[0].points])
