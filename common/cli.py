"""The one entry of all commands: a mistake is answered with one sentence and exit code 2, never with a traceback.

Nothing slow is imported here, so that `--help` and tab completion stay quick.
"""

from __future__ import annotations

import errno
import importlib
import os
import re
import sys
import traceback
from collections.abc import Callable, Mapping

from common.fault import Fault, did_you_mean

HYDRA = "common.cli_hydra"  # a name, not an import: commands right of the bundle come through here and know no Hydra
TYPED = tuple(sys.argv[1:])  # what the person typed; Hydra is handed a rewritten command line
MISTAKE, STOPPED, NOBODY_READS = 2, 130, 141  # exit codes; the last two as a shell gives them for signals 2 and 13
DISK = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EACCES: "access is denied",
    errno.EPERM: "access is denied",
    errno.EROFS: "the disk can only be read",
    errno.ENOENT: "there is no such file or folder",
    errno.ENAMETOOLONG: "the name is too long",
    errno.EISDIR: "that is a folder, not a file",
    errno.ENOTDIR: "part of the path is a file, not a folder",
    errno.EMFILE: "too many files are open",
}


def guard(main: Callable[[], object]) -> int:
    """Run a command; its exit code. PILOTS_TRACEBACK=1 shows where a mistake was noticed."""
    try:
        main()
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of our output, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOBODY_READS
    except KeyboardInterrupt as err:
        return _say(err, "stopped", STOPPED)
    except Exception as err:
        sentence = _sentence(err)
        if sentence is None:
            raise  # a mistake of ours: the traceback is what its finder needs
        return _say(err, sentence, MISTAKE)
    return 0


def pilot(name: str, verbs: Mapping[str, str]) -> int:
    """`pilot-<name>`: a first word without = or - is a verb with its own module, all else goes to the training."""

    def main() -> None:
        words = sys.argv[1:]
        if words and "=" not in words[0] and not words[0].startswith(("-", "~")):
            if words[0] not in verbs:
                raise Fault(
                    f"pilot-{name} knows no '{words[0]}': {did_you_mean(words[0], verbs)} (settings: name=value)"
                )
            importlib.import_module(verbs[words[0]]).main(words[1:])
            return
        importlib.import_module(HYDRA).train(name, verbs)

    return guard(main)


def _sentence(err: Exception) -> str | None:
    """What to tell the user; None where the mistake is ours."""
    if isinstance(err, Fault):
        return str(err)
    if type(err).__module__.split(".")[0] in ("hydra", "omegaconf", "yaml", "submitit"):
        return importlib.import_module(HYDRA).sentence(err)
    if isinstance(err, OSError) and err.errno is not None:
        what = DISK.get(err.errno, err.strerror or str(err))
        return f"{err.filename}: {what}" if err.filename else what
    if isinstance(err, MemoryError):
        return f"not enough memory ({err})" if str(err) else "not enough memory"
    return None


def _say(err: BaseException, sentence: str, code: int) -> int:
    if os.environ.get("PILOTS_TRACEBACK") == "1":
        traceback.print_exception(err)
    text = ". ".join([sentence, *getattr(err, "__notes__", [])])
    # What a file's author put into a name must not move the terminal's cursor.
    text = re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", text)[:2000]
    print(text, file=sys.stderr, flush=True)
    return code
