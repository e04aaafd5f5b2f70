"""A database server that tests may kill."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.private_server import PrivateServer
from tests.support.site import load_template


@pytest.fixture(scope="module")
def mortal() -> Iterator[PrivateServer]:
    """A MariaDB of a file's own, with a `template` to copy; what it has committed it keeps."""
    with tempfile.TemporaryDirectory(prefix="aipkit-bridge-tests-") as folder:
        server = PrivateServer(Path(folder), options=["--max-connections=300"])
        server.start()
        load_template(server, "template", "wordpress.sql")
        yield server
        server.stop()
