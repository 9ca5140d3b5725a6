"""A process that reads files: ``python -m emoir.extract.worker MODEL MAX_PIXELS SECONDS``.

It sends READY once it has loaded the model, and a ModelFault if the model cannot be used. Paths arrive pickled on
standard input, one answer each leaves pickled on standard output, in the same order: an Extraction or a Failure.
End of input ends the process. It is started as a program of its own, so that a library user needs no main guard and
a crash in a decoder ends no other process.
"""

from __future__ import annotations

import logging
import os
import pickle
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from emoir.errors import ModelError, UndecodableImageError
from emoir.extract.base import READY, Extraction, Failure, ModelFault
from emoir.extract.extraction import extract
from emoir.extract.memory import limit_memory
from emoir.images.decode import lift_pillow_limit
from emoir.limits import Limits
from emoir.models.model import Model


def serve(requests: BinaryIO, replies: BinaryIO, model: Model, limits: Limits) -> None:
    """Say READY, then answer paths (as bytes) until the input ends."""
    pickle.dump(READY, replies)
    replies.flush()
    while True:
        try:
            path: bytes = pickle.load(requests)
        except EOFError:
            return
        answer: Extraction | Failure | ModelFault
        try:
            with cpu_limit(limits.seconds_per_file):
                answer = extract(path, model, limits=limits)
        except UndecodableImageError as error:
            answer = Failure(str(error), error.retry_when, error.kind)
        except ModelError as error:
            answer = ModelFault(str(error))
        pickle.dump(answer, replies, protocol=pickle.HIGHEST_PROTOCOL)
        replies.flush()


@contextmanager
def cpu_limit(seconds: float) -> Iterator[None]:
    """End this process by SIGPROF if the block computes for longer; time that others take does not count.

    Windows has no such timer: there only the caller's clock ends a file.
    """
    if not hasattr(signal, "setitimer"):
        yield
        return
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def main() -> None:
    """Run as a program."""
    # Ctrl-C goes to the whole process group; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The limit that the caller gave counts, and warnings of decoders help no user.
    lift_pillow_limit()
    warnings.simplefilter("ignore")
    logging.disable()
    # Whatever a library prints must neither get between the answers nor reach the terminal; our own last words may.
    replies = os.fdopen(os.dup(1), "wb")
    sys.stderr = os.fdopen(os.dup(2), "w", errors="backslashreplace", buffering=1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    try:
        model = Model(sys.argv[1])
    except ModelError as error:
        pickle.dump(ModelFault(str(error)), replies)
        replies.flush()
        return
    limits = Limits(max_pixels=int(sys.argv[2]), seconds_per_file=float(sys.argv[3]))
    limit_memory(limits)
    try:
        serve(sys.stdin.buffer, replies, model, limits)
    except BrokenPipeError:
        # The parent is gone. Python would complain once more when it closes the pipe.
        os._exit(0)


if __name__ == "__main__":
    main()
