from boneage.evaluation.benchmarks.speed import networks
from boneage.evaluation.benchmarks.speed.networks import measure_networks, tabulate_networks


def test_the_cost_of_a_network_is_measured_in_a_process_of_its_own(monkeypatch):
    monkeypatch.setattr(networks, "time_hand", lambda step: step() or 1.25)
    (cost,) = measure_networks(32, 2, ["multiregion"])
    assert cost.name == "multiregion"
    assert 100_000 < cost.n_weights < 300_000
    assert 1 < cost.predicting_mb <= cost.training_mb < 2000
    header, (row,) = tabulate_networks([cost])
    assert row[:5] == ["multiregion", "0.2", "1.2", "1.2", "1.2"]
    assert len(row) == len(header)
