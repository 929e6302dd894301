"""A command in a process that ends with the one that started it: ``python -m tests.child ARGUMENTS``."""

import os
import runpy
import threading
import time


def end_with_parent() -> None:
    """End this process once its parent has ended: where the tests are killed, nothing trains on."""
    threading.Thread(target=_wait, args=(os.getppid(),), daemon=True).start()


def _wait(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


if __name__ == "__main__":
    end_with_parent()
    runpy.run_module("gancli", run_name="__main__", alter_sys=True)
