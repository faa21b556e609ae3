"""Ports of this machine, as commands take them."""

from __future__ import annotations

import errno
import socket
from argparse import ArgumentTypeError

from pipeline.errors import Permanent


def port(text: str) -> int:
    """A port, as an argument."""
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise ArgumentTypeError(f"“{text}” is no port: give a number from 1 to 65535")
    return int(text)


def refuse_taken(host: str, number: int) -> None:
    """See that a server can listen there.

    Raises:
        Permanent: somebody else does, or this user may not, or it is no address of this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, number, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise explain(error, host, number) from error


def explain(error: OSError, host: str, number: int) -> Permanent:
    """Why nobody can listen there, and what to do."""
    if error.errno == errno.EADDRINUSE:
        return Permanent(f"Port {number} is taken on this machine.", "Stop what listens there, or give another --port.")
    if error.errno == errno.EACCES:
        return Permanent(f"Port {number} needs the rights of root.", "Give a --port from 1024 on.")
    return Permanent(
        f"Nothing can listen at {host}, port {number}: {error.strerror}.", "Give another --host or --port."
    )
