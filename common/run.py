"""A run: a hidden folder filled step by step, renamed when it is whole. A run folder that exists can be trusted.

runs/<pilot>/.partial-<UTC time>/   while it runs, or after it was stopped: `resume=<this folder>` goes on with it
runs/<pilot>/<UTC time>_<model>/    when it is complete
"""

from __future__ import annotations

import atexit
import io
import os
import re
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, ListConfig, OmegaConf

from common.atomic import PARTIAL, publish, write_bytes, write_text
from common.cluster_sweep import typed
from common.facts import check_facts, plain, read_facts, to_json
from common.fault import Fault
from common.machine import commit, machine, peak_memory_mb
from common.progress import Progress

CONFIG, STARTED, STEPS, LOCK = "config.yaml", "started.json", "steps", ".lock"


class Run:
    """One training: its folder, its settings, the seconds of its stages, and the facts at its end.

    folder   the partial folder; write the run's files into it
    cfg      the settings; after `resume=` those of the run that was stopped
    seeds    one training each; the first seed's model becomes the bundle
    model    name of the model's yaml
    version  UTC time at which the run began, 14 digits; also the bundle's version
    """

    def __init__(self, folder: Path, pilot: str, cfg: DictConfig, started: dict[str, Any], lock: int | None):
        self.folder, self.pilot, self.cfg, self.seeds = folder, pilot, cfg, _seeds(cfg)
        self.model: str = started["model"]
        self.version: str = started["version"]
        self.command: str = started["command"]
        self._started, self._lock = started, lock
        self._before = started["seconds"].get("total", 0.0)
        self._began = time.perf_counter()
        self._stage: Progress | None = None
        self._now: tuple[str, float, float] | None = None  # of the present stage: name, earlier seconds, its beginning
        (folder / STEPS).mkdir(exist_ok=True)
        atexit.register(self._tidy, os.getpid())

    @classmethod
    def start(cls, cfg: DictConfig, pilot: str, model: str | None = None) -> Run:
        """A new partial folder, or with `resume=` an old one, whose settings `cfg` then takes on.

        `model` names the model of a task that has one of its own; otherwise it is the chosen yaml's name.
        """
        if cfg.get("resume"):
            folder = Path(str(cfg.resume)).resolve()
            _name_if_complete(folder)
            started = _reopen(folder, pilot)
            lock = _lock(folder)
            _take_on(cfg, OmegaConf.load(folder / CONFIG))
            for path in folder.iterdir():  # files after the last step are written anew
                if path.name not in (CONFIG, STARTED, STEPS, LOCK):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            return cls(folder, pilot, cfg, started, lock)
        _seeds(cfg)
        folder, version = _new_partial(Path(str(cfg.run.folder)).resolve() / pilot)
        command = shlex.join([f"pilot-{pilot}", *typed()])
        started = {"pilot": pilot, "version": version, "model": model or _model(cfg), "command": command, "seconds": {}}
        run = cls(folder, pilot, cfg, started, _lock(folder))
        write_text(folder / CONFIG, OmegaConf.to_yaml(cfg, resolve=True))
        write_text(folder / STARTED, to_json(started))
        return run

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the block's seconds under `name` and show it on standard error."""
        self._now = (name, self._started["seconds"].get(name, 0.0), time.perf_counter())
        with self._told_how_to_go_on(), Progress(name) as self._stage:
            yield
        self._count()
        self._now = None

    def _count(self) -> None:
        """Note the seconds of the present stage; with every kept step, too: what a stopped run did took its time."""
        if self._now is not None:
            name, earlier, began = self._now
            self._started["seconds"] |= {name: earlier + time.perf_counter() - began, "total": self._total()}
            write_text(self.folder / STARTED, to_json(self._started))

    def say(self, text: str) -> None:
        """Where the present stage stands, as "seed 1 of 5"."""
        if self._stage is not None:
            self._stage.say(text)

    def keep(self, name: str, compute: Callable[[], Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """`compute()`, once: a resumed run loads what the stopped one had computed, bit for bit."""
        kept = self.kept(name)
        return self.put(name, compute()) if kept is None else kept

    def kept(self, name: str) -> dict[str, np.ndarray] | None:
        """What was last put under `name`, by this run or the stopped one; None where nothing was."""
        path = self._step(name)
        if not path.exists():
            return None
        with np.load(path, allow_pickle=False) as kept:
            return {key: kept[key] for key in kept.files}

    def put(self, name: str, found: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Keep arrays under `name`, in place of what was there: a long step puts down where it stands."""
        arrays = {key: np.asarray(value) for key, value in found.items()}
        for key, value in arrays.items():
            if value.dtype.hasobject:
                raise TypeError(f"step {name}: '{key}' is an array of objects, which only pickle could keep")
        packed = io.BytesIO()
        np.savez(packed, **arrays)  # type: ignore[arg-type]
        write_bytes(self._step(name), packed.getvalue())
        self._count()
        return arrays

    def _step(self, name: str) -> Path:
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,100}", name) or name.startswith("."):
            raise ValueError(f"{name!r} cannot name a step: letters, digits, - _ . only")
        return self.folder / STEPS / f"{name}.npz"

    def facts(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """run.json as it stands now: what the run knows of itself and what the pilot found (design §3)."""
        known = commit()
        seconds = {**self._started["seconds"], "total": self._total()}
        return plain(
            {
                "pilot": self.pilot,
                "model": self.model,
                "task": str(self.cfg.get("task", self.pilot)),
                "seeds": self.seeds,
                "version": self.version,
                "command": self.command,
                "commit": known[0],
                "dirty": known[1],
                **found,
                "seconds": {stage: round(spent, 3) for stage, spent in seconds.items()},
                "peak_memory_mb": peak_memory_mb(),
                "machine": machine(),
            }
        )

    def finish(self, found: Mapping[str, Any]) -> Path:
        """Write run.json, give the folder its name, print where it is."""
        whole = self.facts(found)
        check_facts(whole, "run")
        with self._told_how_to_go_on():
            write_text(self.folder / "run.json", to_json(whole))
        for leftover in (self.folder / STEPS, *self.folder.glob(f"{PARTIAL}*")):
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        (self.folder / STARTED).unlink()
        final = self.folder.parent / f"{self.version}_{self.model}"
        self._unlock()
        publish(self.folder, final)
        self.folder = final
        _say_where(final)
        return final

    @contextmanager
    def _told_how_to_go_on(self) -> Iterator[None]:
        """An error that is not the run's own fault tells how to go on from the last kept step."""
        try:
            yield
        except BaseException as err:
            if self._has_steps() and not isinstance(err, Fault):  # the same Fault would come again
                err.add_note(f"What is done so far is kept: go on with resume='{self.folder}'")
            raise

    def _total(self) -> float:
        """Seconds since the start, those before a stop included."""
        return self._before + time.perf_counter() - self._began

    def _has_steps(self) -> bool:
        return any((self.folder / STEPS).glob("*.npz"))

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
        (self.folder / LOCK).unlink(missing_ok=True)

    def _tidy(self, process: int) -> None:
        """At the end of the process: a partial folder in which no step was kept is of no use to anyone."""
        if os.getpid() != process or not self.folder.name.startswith(PARTIAL) or not self.folder.is_dir():
            return
        with suppress(OSError):  # the disk may be the very thing that failed
            self._unlock()
            if not self._has_steps():
                shutil.rmtree(self.folder)


def _new_partial(parent: Path) -> tuple[Path, str]:
    """A folder of its own for this second: runs started in the same second wait for the next one."""
    parent.mkdir(parents=True, exist_ok=True)
    while True:
        version = f"{datetime.now(UTC):%Y%m%d%H%M%S}"
        folder = parent / f"{PARTIAL}{version}"
        with suppress(FileExistsError):
            folder.mkdir()
            # Asked after mkdir: a run of this second may have been renamed just before.
            if not any(parent.glob(f"{version}_*")):
                return folder, version
            folder.rmdir()
        time.sleep(0.05)


def _name_if_complete(folder: Path) -> None:
    """End here where the stopped run lacked nothing but its name: it was stopped at the end of `finish`."""
    if not folder.name.startswith(PARTIAL) or (folder / STARTED).exists() or not (folder / "run.json").is_file():
        return
    facts = read_facts(folder / "run.json")
    check_facts(facts, "run")
    lock = _lock(folder)
    (folder / LOCK).unlink()
    final = folder.parent / f"{facts['version']}_{facts['model']}"
    publish(folder, final)
    if lock is not None:
        os.close(lock)
    _say_where(final)
    raise SystemExit(0)


def _say_where(final: Path) -> None:
    """The last line on standard output; it starts a line even where standard error is merged into it."""
    sys.stderr.flush()
    print(f"run: {final}", flush=True)


def _reopen(folder: Path, pilot: str) -> dict[str, Any]:
    """What was noted when a stopped run began."""
    if not folder.name.startswith(PARTIAL) or not (folder / STARTED).is_file() or not (folder / CONFIG).is_file():
        raise Fault(f"resume={folder} is no stopped run: name a folder runs/{pilot}/{PARTIAL}…")
    if HydraConfig.initialized():
        others = [word for word in HydraConfig.get().overrides.task if not word.startswith("resume=")]
        if others:
            raise Fault(f"resume= goes on with the settings of the stopped run: leave out {' '.join(others)}")
    started = read_facts(folder / STARTED)
    if started.get("pilot") != pilot:
        raise Fault(f"resume={folder} was begun by pilot-{started.get('pilot')}: go on with that command")
    return started


def _take_on(cfg: DictConfig, kept: Any) -> None:
    """Give `cfg` the content of `kept` in place, so that whoever holds `cfg` sees the stopped run's settings."""
    OmegaConf.set_struct(cfg, False)
    for key in list(cfg):
        del cfg[key]
    cfg.merge_with(kept)
    OmegaConf.set_struct(cfg, True)


def _lock(folder: Path) -> int | None:
    """Keep a second process from resuming a run that is still at work; the system lifts it if we are killed."""
    if sys.platform == "win32":
        return None
    import fcntl

    handle = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as err:
        os.close(handle)
        raise Fault(f"{folder} is still being worked on by another process: wait for it, or stop it") from err
    except OSError:  # a network drive that knows no locks
        os.close(handle)
        return None
    return handle


def _model(cfg: DictConfig) -> str:
    """The chosen yaml's name, fit for a folder name."""
    choice = HydraConfig.get().runtime.choices.get("model") if HydraConfig.initialized() else None
    if not choice:
        choice = str(OmegaConf.select(cfg, "model._target_", default="model")).rsplit(".", 2)[-2:][0]
    return re.sub(r"[^A-Za-z0-9_-]+", "-", choice).strip("-") or "model"


def _seeds(cfg: DictConfig) -> list[int]:
    seeds = OmegaConf.select(cfg, "run.seeds")
    seeds = list(seeds) if isinstance(seeds, ListConfig) else [seeds]
    if not seeds or len(set(seeds)) != len(seeds) or any(type(seed) is not int or seed < 0 for seed in seeds):
        raise Fault(f"run.seeds={seeds} is not a list of different whole numbers from 0, such as run.seeds=[0,1,2]")
    return seeds
