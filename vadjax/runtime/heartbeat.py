"""Detects at once that another process of the run has ended: each one is connected to the first.

`jax.distributed` has heartbeats, which detect a machine that is gone, but they take a minute or
two, and then JAX aborts without saying what to do. A process that is killed closes its TCP
connection. Barriers use these connections too, because a collective of CPUs fails after a long
wait.
"""

import atexit
import os
import socket
import sys
import threading
import time

import numpy as np

from vadjax.errors import lost

GRACE_S = 1.0  # a failed collective or `processes.barrier` may give a better message
CONNECT_S = 20.0
READY, GO, DONE = b"r", b"g", b"."
NAME_BYTES = 256


class Heartbeat:
    """The connections of this process. Where none can be made, only JAX's heartbeats remain."""

    def __init__(self, index: int, count: int, host: str = ""):
        """Connect all processes to the first one; every process calls this at the same time.

        Args:
            index: of this process.
            count: number of processes.
            host: of the first process; "" is the name that it reports itself.
        """
        self._index, self._ending = index, False
        self._connections: list[socket.socket] = []
        self._received, self._calls, self._changed = 0, 0, threading.Condition()
        server = thread = None
        if index == 0:
            server = socket.create_server(("", 0))
            server.settimeout(CONNECT_S)
            thread = threading.Thread(target=self._accept, args=(server, count), daemon=True)
            thread.start()
        name, port = _address_of_first(server)
        if thread:
            thread.join()
        else:
            self._call(host or name, port)
        wanted = 1 if index else count - 1
        self._complete = _all_true(len(self._connections) == wanted)
        atexit.register(self.end, well=True)

    def wait_for_all(self) -> None:
        """Wait without a limit until every process has called this."""
        if not self._complete:
            return  # the collective that follows waits as well
        self._calls += 1
        wanted = self._calls * (1 if self._index else len(self._connections))
        if self._index:
            self._send(READY)
        with self._changed:
            self._changed.wait_for(lambda: self._received >= wanted)
        if self._index == 0:
            self._send(GO)

    def end(self, *, well: bool = False) -> None:
        """Stop watching; `well` reports to the others that this process ends without error."""
        self._ending = True
        if well:
            self._send(DONE)

    def _send(self, message: bytes) -> None:
        for connection in self._connections:
            try:
                connection.sendall(message)
            except OSError:
                continue  # the thread that reads from it gets this error too

    def _call(self, host: str, port: int) -> None:
        try:
            connection = socket.create_connection((host, port), timeout=CONNECT_S)
            connection.sendall(self._index.to_bytes(4, "big"))
        except OSError:
            return
        self._watch(connection, 0)

    def _accept(self, server: socket.socket, count: int) -> None:
        with server:
            for _ in range(count - 1):
                try:
                    connection, _ = server.accept()
                    connection.settimeout(CONNECT_S)
                    number = int.from_bytes(connection.recv(4, socket.MSG_WAITALL), "big")
                except OSError:
                    return
                self._watch(connection, number)

    def _watch(self, connection: socket.socket, number: int) -> None:
        connection.settimeout(None)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._connections.append(connection)
        threading.Thread(target=self._wait, args=(connection, number), daemon=True).start()

    def _wait(self, connection: socket.socket, number: int) -> None:
        try:
            while message := connection.recv(1):
                if message == DONE:
                    return
                with self._changed:
                    self._received += 1
                    self._changed.notify_all()
        except OSError:
            pass
        if self._index == 0:
            time.sleep(GRACE_S)
        if not self._ending:
            print(f"vadjax: {lost('the others worked', who=f'process {number}')}", file=sys.stderr)
            sys.stderr.flush()
            os._exit(1)


def _address_of_first(server: socket.socket | None) -> tuple[str, int]:
    """Broadcast the host name and the port of the first process."""
    from jax.experimental.multihost_utils import broadcast_one_to_all

    name = socket.gethostname().encode()[:NAME_BYTES] if server else b""
    port = server.getsockname()[1] if server else 0
    text = np.frombuffer(name.ljust(NAME_BYTES, b"\0"), np.uint8)
    text, port = broadcast_one_to_all((text, np.int32(port)))
    return np.asarray(text).tobytes().rstrip(b"\0").decode(), int(port)


def _all_true(yes: bool) -> bool:
    from jax.experimental.multihost_utils import process_allgather

    return bool(process_allgather(np.array([yes])).all())
