"""Bridges on all nodes of a cluster at once: nothing is lost, given or doubled."""

from collections.abc import Callable
from functools import partial

import pytest

from tests.support.galera import Cluster, Node
from tests.support.mixed_load import MixedLoad
from tests.support.waiting import wait_until


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A soak does all of it three times."""
    if "run" in metafunc.fixturenames:
        metafunc.parametrize("run", range(3 if metafunc.config.getoption("--soak") else 1))


@pytest.fixture
def operations(request: pytest.FixtureRequest) -> int:
    """How many answers callers get while all is well, and as many again while nodes are lost."""
    return 10_000 if request.config.getoption("--soak") else 80


@pytest.fixture
def losses(request: pytest.FixtureRequest) -> list[tuple[str, int]]:
    """What happens to which node: either once, and in a soak both to each node, three times."""
    if request.config.getoption("--soak"):
        return [(kind, node) for node in range(3) for kind in ("killed", "cut off")] * 3
    return [("killed", 1), ("cut off", 0)]


@pytest.mark.usefixtures("run")
def test_all_nodes_at_once_lose_and_double_nothing(
    load: MixedLoad, cluster: Cluster, operations: int, losses: list[tuple[str, int]]
) -> None:
    with load.at_work():
        wait_for_answers(load, operations)
        print(f"undisturbed:\n{cluster.conflicts()}")
        for kind, number in losses:
            lose, bring_back = ways(cluster, cluster.nodes[number])[kind]
            load.disturb(f"a node is {kind}", lose)
            wait_for_answers(load, operations // len(losses))
            bring_back()
    load.settle()
    print(load.report())
    print(cluster.conflicts())

    load.assert_right()
    load.rush.kill_tree()
    cluster.assert_alike(load.rush.site.name)


def ways(cluster: Cluster, node: Node) -> dict[str, tuple[Callable[[], None], Callable[[], None]]]:
    """Return how to lose a node, and how to bring it back."""
    return {
        "killed": (node.server.kill, partial(cluster.rejoin, node)),
        "cut off": (partial(cut_off, node), partial(let_back, cluster, node)),
    }


def cut_off(node: Node) -> None:
    """Part a node from the others, and wait until it knows; until then it answers nobody."""
    node.isolate(is_alone=True)
    wait_until(lambda: node.status("wsrep_ready") != "ON", "the node answers on its own")


def let_back(cluster: Cluster, node: Node) -> None:
    node.isolate(is_alone=False)
    cluster.wait(cluster.nodes)


def wait_for_answers(load: MixedLoad, number: int) -> None:
    """Let the callers work until they have got this many more answers."""
    answers = load.rush.journal.first
    wanted = len(answers) + number
    wait_until(
        lambda: len(answers) >= wanted,
        lambda: f"{len(answers)} of {wanted} answers",
        timeout_s=600,
    )
