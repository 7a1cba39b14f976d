"""Where partitions are worked on: in this thread, in threads, processes or on Dask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import ParamSpec, TypeVar

from pztables.errors import OptionError

P = ParamSpec("P")
T = TypeVar("T")

#: How long a Dask scheduler may take to answer.
DASK_TIMEOUT_SECONDS = 10.0
_CHOICES = "threads, processes, serial or dask://HOST:PORT"


class InProcessExecutor(Executor):
    """Runs each task at once in the calling thread."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run the task and return its finished future; an exception is raised here."""
        future: Future[T] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


@contextmanager
def open_executor(name: str, workers: int) -> Iterator[Executor]:
    """Open the workers that a name stands for, and close them at the end.

    Parameters
    ----------
    name
        ``threads`` (kernels release the interpreter lock), ``processes``,
        ``serial``, or ``dask://HOST:PORT`` of a running scheduler.
    workers
        How many tasks run at once, at least 1; Dask knows its own.

    Raises
    ------
    OptionError
        If the name is none of these.
    """
    if name.startswith("dask://"):
        with _dask_executor(name.removeprefix("dask://")) as executor:
            yield executor
    elif name == "serial" or (name == "threads" and workers == 1):
        yield InProcessExecutor()
    elif name == "threads":
        with _dropping_what_waits(ThreadPoolExecutor(workers)) as threads:
            yield threads
    elif name == "processes":
        # A forked copy of a process with threads may hang: start afresh.
        context = get_context("spawn")
        with _dropping_what_waits(ProcessPoolExecutor(workers, context)) as processes:
            yield processes
    else:
        raise OptionError(f"executor: {name!r} is not one of {_CHOICES}", option="executor")


@contextmanager
def _dropping_what_waits(executor: Executor) -> Iterator[Executor]:
    """Close an executor; tasks that have not begun (after an error, a stop) are dropped."""
    try:
        yield executor
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _dask_executor(address: str) -> Iterator[Executor]:
    try:
        from distributed import Client
    except ImportError as missing:
        raise OptionError(
            "executor: dask:// needs the package 'distributed'; "
            "install pzpipelines[dask] or choose threads",
            option="executor",
        ) from missing
    try:
        client = Client(f"tcp://{address}", timeout=DASK_TIMEOUT_SECONDS)
    except (OSError, ValueError) as unreachable:
        raise OptionError(
            f"executor: no Dask scheduler answers at {address}; start one or choose threads",
            option="executor",
        ) from unreachable
    with client:
        yield client.get_executor()
