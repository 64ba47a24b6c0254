"""Many movies at once, a process for each.

Every process calls `ingest_movie` and leaves the same files as if it were alone; the number of
workers decides about time only. data_pipeline.storage.beam_workers does the same on many machines.
"""

import contextlib
import functools
import multiprocessing
import os
import pathlib
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import connection

import cv2

from data_pipeline.movie_options import MovieOptions
from data_pipeline.storage.movie_store import ingest_movie
from data_pipeline.storage.sources import Source

Read = Callable[[Source], None]


def read_movies(
    movies: Sequence[Source], options: MovieOptions, folder: pathlib.Path, workers: int = 1
) -> Iterator[tuple[Source, str]]:
    """Ingests movies.

    Args:
        movies: Those to read.
        options: What is accepted.
        folder: Where they are stored.
        workers: Processes; with 1 they are read in this one.

    Yields:
        Every movie when it is done, and what went wrong if it could not be done: its process died
        or lacked memory. Of such a movie nothing can be used; another run reads it again.

    Raises:
        OSError: If the folder cannot be written, and nothing more can be done. The same call goes
            on where this one stopped.
        ValueError: If another process is at work on a movie.
    """
    read = functools.partial(ingest_movie, options=options, folder=folder)
    if workers > 1:
        return _in_processes(movies, read, workers)
    return ((movie, _outcome(read, movie)) for movie in movies)


def _outcome(read: Read, movie: Source) -> str:
    try:
        read(movie)
    except MemoryError as error:
        return f"too little memory ({error})"
    return ""


def _in_processes(
    movies: Sequence[Source], read: Read, workers: int
) -> Iterator[tuple[Source, str]]:
    """A process for each movie: what kills it, as lack of memory does, kills no other."""
    context = multiprocessing.get_context("spawn")
    threads = max(1, (os.cpu_count() or 1) // workers)
    waiting, running = list(movies), {}
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                movie = waiting.pop(0)
                receiving, sending = context.Pipe(duplex=False)
                arguments = (read, movie, threads, sending)
                process = context.Process(target=_work, args=arguments, daemon=True)
                process.start()
                sending.close()  # the worker's own is the last, so its death is an end of file
                running[receiving] = movie, process
            for receiving in connection.wait(list(running)):
                movie, process = running.pop(receiving)
                yield movie, _result(receiving, process)
    finally:
        for _, process in running.values():
            process.kill()  # what is noted is on the disk
        for _, process in running.values():
            process.join()


def _work(read: Read, movie: Source, threads: int, result: connection.Connection):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process ends this one
    threading.Thread(target=_end_with_parent, daemon=True).start()
    cv2.setNumThreads(threads)
    try:
        result.send(_outcome(read, movie))
    except (OSError, ValueError) as error:
        result.send(error)


def _end_with_parent():
    """Nobody waits for what is made once the first process has been killed."""
    multiprocessing.parent_process().join()
    os._exit(1)


def _result(receiving: connection.Connection, process) -> str:
    with contextlib.closing(receiving):
        try:
            outcome = receiving.recv()
        except EOFError:
            process.join()
            return f"its process was ended by {_cause(process.exitcode)}"
    process.join()
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def _cause(exit_code: int) -> str:
    if exit_code >= 0:
        return f"exit code {exit_code}"
    name = signal.Signals(-exit_code).name
    return f"{name}, as for lack of memory" if name == "SIGKILL" else name
