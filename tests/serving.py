"""The local service's HTTP server around any application."""

import contextlib
import threading
from collections.abc import Iterator

from local.server import Application, Server


@contextlib.contextmanager
def serving(application: Application) -> Iterator[int]:
    """Serve on a free port of this machine until the block ends; yields the port."""
    with Server(("127.0.0.1", 0)) as server:
        server.application = application
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
