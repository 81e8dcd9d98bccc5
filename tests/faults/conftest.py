"""A cluster on loopback that answers as a test says, and a writer whose waits take no time."""

import pytest
from support_cluster import ScriptedCluster


@pytest.fixture(scope="module")
def running():
    with ScriptedCluster() as cluster:
        yield cluster


@pytest.fixture
def cluster(running):
    running.forget()
    return running


@pytest.fixture
def waits():
    """The waits between attempts; they take no time."""
    return []


@pytest.fixture
def writer(cluster, waits):
    return cluster.writer(sleep=waits.append)
