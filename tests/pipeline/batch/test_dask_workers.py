"""Files read by a Dask cluster of two workers on this machine."""

import os
import time

import pytest

from boneage.pipeline.batch.executors import ClusterFails
from boneage.pipeline.batch.tasks import make_tasks
from tests.pipeline.batch.stub import Stub, draw, run_stub
from tests.pipeline.batch.test_worker_processes import read_all

distributed = pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
from boneage.pipeline.batch.dask_workers import DaskWorkers  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning")]


@pytest.fixture(scope="module")
def scheduler():
    """The address of a cluster of two workers, each of one thread."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=":0", silence_logs=50
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def tasks(tmp_path):
    """Five pictures."""
    return make_tasks([draw(tmp_path / "in" / f"{k}.png", 20 + k) for k in range(5)], sexes=None, sizes={})


def connect(scheduler, folder, *, prepares="", **options):
    return DaskWorkers(Stub(folder, prepares), scheduler, folder=folder, timeout_s=60, **options)


def test_the_results_are_those_of_processes_and_bad_files_are_refused_by_themselves(scheduler, tmp_path, monkeypatch):
    names = ("1", "2", "two", "kill", "4", "hang", "5", "6", "7", "8", "9")
    paths = [draw(tmp_path / "in" / f"{name}.png", 20 + k) for k, name in enumerate(names)]
    monkeypatch.chdir(tmp_path)
    results = run_stub([path.relative_to(tmp_path) for path in paths], tmp_path / "1", scheduler=scheduler, timeout_s=5)
    refused = {result.id: result.reason for result in results if result.status == "refused"}
    assert refused == {"kill": "the reading process died", "hang": "took longer than 5 seconds"}
    run_stub(paths, tmp_path / "2", jobs=2, timeout_s=5)
    assert (tmp_path / "1" / "widths.csv").read_bytes() == (tmp_path / "2" / "widths.csv").read_bytes()
    notes = [{path.name for path in (tmp_path / run / "notes").iterdir()} for run in "12"]
    assert notes[0] == notes[1]


def test_a_worker_that_is_killed_loses_no_file(scheduler, tmp_path):
    paths = [draw(tmp_path / "in" / f"{k}.png", 20 + k) for k in range(40)]
    killed = []

    def kill_a_worker(_stage, part):
        if part >= 0.2 and not killed:
            killed.append(part)
            with distributed.Client(scheduler, set_as_default=False) as client:
                client.run(os._exit, 1, workers=list(client.nthreads())[:1], wait=False, on_error="ignore")

    results = run_stub(paths, tmp_path / "out", scheduler=scheduler, progress=kill_a_worker)
    assert killed
    assert [result.width for result in results] == list(range(20, 60))
    assert {result.status for result in results} == {"ok"}


def test_workers_of_another_version_model_or_folder_are_refused(scheduler, tmp_path, tasks, monkeypatch):
    with pytest.raises(ClusterFails, match=r"worker tcp://.*has changed since the run began"):
        read_all(connect(scheduler, tmp_path, prepares="fail"), tasks)
    with pytest.raises(ClusterFails, match="does not see the folder"):
        read_all(connect(scheduler, tmp_path / "none"), tasks)
    monkeypatch.setattr("boneage.pipeline.batch.dask_workers.compute_code_version", lambda: "other")
    with pytest.raises(ClusterFails, match=r"its boneage is of another version \(code .*, not other\)"):
        read_all(connect(scheduler, tmp_path), tasks)


def test_a_run_leaves_nothing_with_the_workers(scheduler, tmp_path, tasks):
    assert len(read_all(connect(scheduler, tmp_path), tasks)) == 5
    with distributed.Client(scheduler, set_as_default=False) as client:
        plugins = client.run(lambda dask_worker: list(dask_worker.plugins))
        time.sleep(0.1)
        assert not any(name.startswith("boneage") for names in plugins.values() for name in names)
        assert client.run(lambda dask_worker: len(dask_worker.data)) == dict.fromkeys(plugins, 0)


def test_a_cluster_without_workers_or_with_threads_is_told(tmp_path, tasks):
    options = {
        "processes": False,
        "protocol": "tcp://",
        "host": "127.0.0.1",
        "dashboard_address": ":0",
        "silence_logs": 50,
    }
    with distributed.LocalCluster(n_workers=0, **options) as cluster:
        executor = connect(cluster.scheduler_address, tmp_path, patience_s=1)
        with pytest.raises(ClusterFails, match=r"no worker of tcp://.* for 1 seconds: start some with dask worker"):
            read_all(executor, tasks)
    with distributed.LocalCluster(n_workers=1, threads_per_worker=2, **options) as cluster:
        executor = connect(cluster.scheduler_address, tmp_path)
        with pytest.raises(ClusterFails, match="has 2 threads: start workers with --nthreads 1"):
            read_all(executor, tasks)


@pytest.mark.parametrize(
    ("address", "reason"), [("127.0.0.1:1", "such as tcp://"), ("tcp://127.0.0.1:1", "no Dask scheduler answers")]
)
def test_an_address_where_no_scheduler_is_is_told(address, reason, tmp_path, tasks):
    with pytest.raises(ClusterFails, match=reason):
        read_all(connect(address, tmp_path, patience_s=1), tasks)
