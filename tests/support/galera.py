"""A Galera cluster on loopback: nodes that can be killed, cut off, and brought back."""

import re
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pymysql
from pymysql.constants import CLIENT

from demo.private_server import PrivateServer, find_program, free_port
from tests.support.waiting import wait_until

_OPTIONS = (
    "--wsrep-on=ON",
    "--wsrep-provider=libgalera_smm.so",
    "--wsrep-cluster-name=aipkit-bridge-tests",
    "--wsrep-sst-method=memory",
    "--binlog-format=ROW",
    "--innodb-autoinc-lock-mode=2",
    "--wsrep-slave-threads=2",
    "--max-connections=300",
    "--innodb-buffer-pool-size=64M",
)
_QUICK = (
    # Failures are noticed in a second or two instead of five to fifteen.
    "evs.keepalive_period=PT0.2S",
    "evs.inactive_check_period=PT0.2S",
    "evs.suspect_timeout=PT1S",
    "evs.inactive_timeout=PT3S",
    "evs.install_timeout=PT3S",
    "gcache.size=64M",
    "pc.recovery=false",
)
_COPY_NOTHING = """#!/bin/sh
# The cluster calls this to copy a whole node to one that joins. Here a node joins by what the
# others still have in memory; to be asked for more than that is an error.
while [ $# -gt 0 ]; do
    case "$1" in
        --role) role=$2 ;;
        --address) address=$2 ;;
        --datadir) folder=${2%/}.joins ;;
        --gtid) position=$2 ;;
        --bypass) bypass=1 ;;
    esac
    shift
done
if [ "$role" = donor ]; then
    [ "${bypass:-}" ] || exit 1
    echo "$position" >"$address.new" && mv "$address.new" "$address"
    echo "done $position"
else
    rm -f "$folder"
    echo "ready $folder"
    until [ -e "$folder" ]; do sleep 0.05; done
    cat "$folder"
fi
"""
_TABLES = """
    SELECT table_name FROM information_schema.tables
     WHERE table_schema = '%s' AND table_type = 'BASE TABLE' ORDER BY 1
"""
_RECOVERED = re.compile(r"WSREP: Recovered position:? ([0-9a-f-]{36}:\d+)")
_TIMEOUT_S = 60.0


class Node:
    """One server of a cluster."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.group_port, self.state_port = free_port(), free_port(), free_port()
        self.server = PrivateServer(folder, port=self.port)

    def start(self, address: str, *more: str) -> None:
        """Start as a member of the group at *address*; returns when it takes statements."""
        own = f"tcp://127.0.0.1:{self.group_port}"
        receives = f"ist.recv_addr=tcp://127.0.0.1:{self.state_port}"
        provider = ";".join((f"gmcast.listen_addr={own}", receives, *_QUICK))
        self.server = PrivateServer(
            self.folder,
            options=[
                *_OPTIONS,
                f"--wsrep-cluster-address={address}",
                f"--wsrep-node-address=127.0.0.1:{self.group_port}",
                f"--wsrep-node-name={self.folder.name}",
                f"--wsrep-provider-options={provider}",
                *more,
            ],
            port=self.port,
        )
        self.server.start()

    def status(self, name: str) -> str:
        """Return a status variable; an empty text while nobody answers."""
        try:
            with self.server.connect() as connection, connection.cursor() as cursor:
                cursor.execute("SHOW STATUS LIKE %s", (name,))
                row = cursor.fetchone()
        except pymysql.MySQLError:
            return ""
        return str(row[1]) if row else ""

    def position(self) -> str:
        """Return up to where the node has what the cluster wrote."""
        return f"{self.status('wsrep_cluster_state_uuid')}:{self.status('wsrep_last_committed')}"

    def run(self, sql: str) -> Any:
        """Run statements of the test's own; return what the last one answers."""
        with (
            self.server.connect(client_flag=CLIENT.MULTI_STATEMENTS) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)
            while cursor.nextset():
                pass
            return cursor.fetchall()

    def isolate(self, *, is_alone: bool) -> None:
        """Cut the node off from the others, or let it back."""
        self.run(f"SET GLOBAL wsrep_provider_options = 'gmcast.isolate={int(is_alone)}'")

    def recovered_position(self) -> str:
        """Return how far a killed node's files go."""
        program = find_program("mariadbd")
        assert program
        said = subprocess.run(  # a program found by its fixed name
            [
                program, "--no-defaults", f"--datadir={self.folder / 'data'}",
                f"--tmpdir={self.folder}", f"--socket={self.server.socket}", "--skip-networking",
                "--user=root", *_OPTIONS, "--wsrep-cluster-address=gcomm://", "--wsrep-recover",
            ],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        found = _RECOVERED.search(said.stderr + said.stdout)
        assert found, said.stderr[-2000:]
        return found[1]


class Cluster:
    """Three nodes that began with the same files, so that none ever copies another whole."""

    def __init__(self, folder: Path, size: int = 3) -> None:
        self.folder = folder
        self.programs = folder / "bin"
        self.nodes = [Node(folder / f"node{number}") for number in range(1, size + 1)]

    def start(self) -> None:
        """Make the first node, copy it, start all."""
        first = self.nodes[0]
        self.programs.mkdir(parents=True)
        script = self.programs / "wsrep_sst_memory"
        script.write_text(_COPY_NOTHING)
        script.chmod(0o755)
        first.start("gcomm://", "--wsrep-new-cluster")
        first.server.stop()
        for node in self.nodes[1:]:
            shutil.copytree(first.folder / "data", node.folder / "data")
        first.start("gcomm://", "--wsrep-new-cluster")
        for number, node in enumerate(self.nodes[1:], start=2):
            # Nothing is written meanwhile: the copies are as new as the first node.
            self._join(node, first.position())
            self.wait(self.nodes[:number])

    def conflicts(self) -> str:
        """Return what each node has written, and how often it aborted a transaction."""
        names = ("wsrep_replicated", "wsrep_local_bf_aborts", "wsrep_local_cert_failures")
        return "\n".join(
            f"{node.folder.name}: "
            + ", ".join(f"{name.removeprefix('wsrep_')} {node.status(name)}" for name in names)
            for node in self.nodes
        )

    def assert_alike(self, database: str) -> None:
        """Assert that a database has the same rows on all nodes."""
        tables = ", ".join(f"{database}.{row[0]}" for row in self.nodes[0].run(_TABLES % database))
        sums = [
            node.run(f"SET SESSION wsrep_sync_wait = 15; CHECKSUM TABLE {tables}")
            for node in self.nodes
        ]
        unlike = [found for found in zip(*sums, strict=True) if len(set(found)) > 1]
        assert unlike == []

    def stop(self) -> None:
        """End all nodes."""
        with ExitStack() as stack:
            for node in self.nodes:
                stack.callback(node.server.kill)

    def rejoin(self, node: Node) -> None:
        """Start a node that was killed; it fetches what it missed from another's memory."""
        self._join(node, node.recovered_position())
        self.wait(self.nodes)

    def _join(self, node: Node, position: str) -> None:
        log = node.folder / "db.log"
        before = log.stat().st_size if log.exists() else 0
        node.start(self._address(), f"--wsrep-start-position={position}")
        wait_until(
            lambda: b"IST received" in log.read_bytes()[before:],
            "the node fetched nothing from the others",
            timeout_s=_TIMEOUT_S,
        )

    def wait(self, nodes: list[Node]) -> None:
        """Wait until these, and no others, make up the cluster."""
        whole = [("Synced", str(len(nodes)))] * len(nodes)

        def states() -> list[tuple[str, str]]:
            return [
                (node.status("wsrep_local_state_comment"), node.status("wsrep_cluster_size"))
                for node in nodes
            ]

        wait_until(lambda: states() == whole, lambda: str(states()), timeout_s=_TIMEOUT_S)

    def url(self, *nodes: Node, database: str) -> str:
        """Return a `database.url` that names nodes in this order."""
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in nodes or self.nodes)
        return f"mysql://root@{hosts}/{database}"

    def _address(self) -> str:
        return "gcomm://" + ",".join(f"127.0.0.1:{node.group_port}" for node in self.nodes)


class ClusterServer(PrivateServer):
    """The cluster as one database, through whichever node serves, one of them before all."""

    def __init__(self, cluster: Cluster, first: int = 0) -> None:
        super().__init__(cluster.folder)
        self._cluster = cluster
        self._nodes = [*cluster.nodes[first:], *cluster.nodes[:first]]

    def connect(self, **arguments: Any) -> "pymysql.connections.Connection[Any]":
        """Connect to a node; what any node was told is there to be read."""
        node = next(node for node in self._nodes if node.status("wsrep_ready") == "ON")
        connection = node.server.connect(**arguments)
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION wsrep_sync_wait = 1")
        return connection

    def url(self, database: str) -> str:
        """Return a `database.url` that names all nodes."""
        return self._cluster.url(*self._nodes, database=database)
