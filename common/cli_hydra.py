"""Hydra behind the pilots' commands: what it may be told, and its errors as sentences.

A path is taken as it stands, with spaces, brackets or =; site settings are looked through first; a wrong name is
answered with the nearest right one.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

from hydra import compose, initialize_config_module
from hydra._internal.utils import get_args_parser
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import JobReturn, JobStatus
from hydra.errors import ConfigCompositionException, HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig
from omegaconf.errors import MissingMandatoryValue

from common import cluster_sweep
from common.fault import Fault, did_you_mean
from common.site import PATH_WORDS, copy_site

PATH_SETTING = re.compile(rf"([\w.@/]*\b(?:{'|'.join(PATH_WORDS)})|resume)=(.+)", re.DOTALL)
REFUSED = {
    "experimental_rerun": "--experimental-rerun reads a pickle, which could run anything",
    "config_path": "--config-path would replace the pilot's own settings; add yours with --config-dir",
    "config_name": "--config-name would replace the pilot's own settings; add yours with --config-dir",
}


def train(pilot: str, verbs: Mapping[str, str]) -> None:
    """Hand the command line to the pilot's @hydra.main function."""
    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors come to us whole, not printed with Hydra's own advice
    given = _flags()
    on_cluster = cluster_sweep.asked_for(given.overrides)
    if on_cluster:
        if not given.multirun:
            raise Fault(f"{cluster_sweep.LAUNCHER} makes jobs of a sweep: add -m, as in -m model=a,b")
        cluster_sweep.begin(given.config_dir)
    if given.help and verbs:
        print(f"pilot-{pilot} VERB …   with VERB one of {', '.join(verbs)} (VERB --help says more)\n")
    flags = sys.argv[1:]
    for word in given.overrides:
        flags.remove(word)
    settings = [as_setting(word, given.multirun) for word in given.overrides]
    _errors_without_preface()
    main = importlib.import_module(f"pilots.{pilot}.train").main
    with _checked_site(given.config_dir, cluster_sweep.SHARED if on_cluster else None) as copy:
        if copy is not None:
            flags = _with_config_dir(flags, copy)
        sys.argv[1:] = flags + settings
        try:
            main()
        except ConfigCompositionException as err:
            raise Fault(sentence(err, lambda: _settings(pilot, settings))) from err


@contextmanager
def _checked_site(folder: str | None, shared: Path | None) -> Iterator[str | None]:
    """A copy of the user's settings, looked through; without any, no folder that a killed process would leave.

    Jobs on other nodes read it too: then it lies below `shared`, hidden.
    """
    if folder is None:
        yield None
        return
    if shared is not None:
        shared.mkdir(exist_ok=True)
    where = shared.absolute() if shared else None
    with tempfile.TemporaryDirectory(prefix=".site-" if shared else "pilots-site-", dir=where) as copy:
        copy_site(folder, Path(copy))
        yield copy


def _flags() -> argparse.Namespace:
    """Hydra's own flags on this command line, those refused that could run or replace what was not looked through."""

    def refuse(message: str) -> NoReturn:
        raise Fault(f"{message}; settings are written name=value, --help shows them")

    parser = get_args_parser()
    parser.error = refuse  # type: ignore[method-assign]
    given = parser.parse_intermixed_args()  # settings may stand before and after flags
    for name, why in REFUSED.items():
        if getattr(given, name) is not None:
            raise Fault(why)
    if any(word.lstrip("+").startswith("hydra.searchpath") for word in given.overrides):
        raise Fault("hydra.searchpath would bypass the check of site settings; add yours with --config-dir")
    return given


def sentence(err: Exception, settings: Callable[[], DictConfig | None] = lambda: None) -> str:
    """An error of Hydra, OmegaConf or yaml in our words; `settings` are the right ones, for the nearest name."""
    if type(err).__module__.partition(".")[0] == "submitit":
        return cluster_sweep.sentence(err)
    text = str(err)
    first = text.strip().splitlines()[0] if text.strip() else type(err).__name__
    if isinstance(err, MissingConfigException):
        group, _, name = str(err.missing_cfg_file or "").rpartition("/")
        return f"there is no {group or 'setting'} '{name}': {did_you_mean(name, err.options or [])}"
    if isinstance(err, OverrideParseException):
        key = err.override.partition("=")[0]
        return f"'{err.override}' cannot be read: quote the value twice, as in {key}=\"'…'\""
    ambiguous = re.match(r"Ambiguous value for argument '(.*)'$", first)
    if ambiguous:
        return f"'{ambiguous[1]}' holds a comma: a list is written name=[a,b], a sweep needs -m"
    unknown = re.search(r"Could not override '([^']*)'", text)
    if unknown:
        return f"'{unknown[1]}' is not a setting: {_nearest(unknown[1], settings())}"
    if isinstance(err, MissingMandatoryValue):
        key = getattr(err, "full_key", None) or first.rpartition(" ")[2]
        return f"{key} is not set: say {key}=VALUE"
    because = str(err.__cause__ or "").strip().splitlines()[:1]
    return ": ".join([first, *because])


def _nearest(key: str, settings: DictConfig | None) -> str:
    """The setting that was probably meant, at the depth where the name goes wrong."""
    if settings is None:
        return "--help shows all there are"
    at: Any = settings
    right: list[str] = []
    for part in key.split("."):
        if not isinstance(at, DictConfig):
            return f"{'.'.join(right)} holds no further settings"
        if part not in at:
            break
        right.append(part)
        at = at[part]
    if not isinstance(at, DictConfig):
        return f"{'.'.join(right)} holds no further settings"
    prefix = "".join(f"{word}." for word in right)
    return did_you_mean(prefix + part, [prefix + str(name) for name in at if not str(name).startswith("_")])


def _settings(pilot: str, words: list[str]) -> DictConfig | None:
    """The pilot's settings with the groups the user chose, as far as those exist."""
    chosen = [word for word in words if re.fullmatch(r"[\w/@.]+=[\w-]+", word) and "." not in word.partition("=")[0]]
    for overrides in (chosen, []):
        GlobalHydra.instance().clear()
        with suppress(HydraException, OSError), initialize_config_module(f"conf.{pilot}", version_base="1.3"):
            return compose("config", overrides=overrides)
    return None


def as_setting(word: str, sweep: bool = False) -> str:
    """A word of the command line as Hydra takes it.

    A path gets the quotes it needs for brackets, = and the like; lists and sweeps of paths stay as they are.
    A column of the user's may be named for any channel, also one that the settings do not list.
    """
    if re.match(r"[\w.]+\.columns\.\w+=", word):
        return f"++{word}"
    match = PATH_SETTING.fullmatch(word)
    if not match or match[2] == "null" or match[2][0] in "'\"" or (sweep and "," in match[2]):
        return word
    if match[2].startswith("["):
        with suppress(HydraException):
            OverridesParser.create().parse_override(word)
            return word
    escaped = re.sub(r"(\\*)'", r"\1\1\\'", match[2])  # backslashes count only in front of a quote
    escaped = re.sub(r"(\\+)$", r"\1\1", escaped)
    return f"{match[1]}='{escaped}'"


def _with_config_dir(flags: list[str], folder: str) -> list[str]:
    """The flags with the checked copy in place of the user's folder."""
    kept = []
    skip = False
    for word in flags:
        flag, equals, _ = word.partition("=")
        if skip:
            skip = False
        elif flag == "-cd" or (flag.startswith("--config-d") and "--config-dir".startswith(flag)):
            skip = not equals
        else:
            kept.append(word)
    return ["--config-dir", folder, *kept]


def _errors_without_preface() -> None:
    """Hydra prints "Error executing job with overrides" before it hands an error on; one sentence is enough."""

    def value(self: JobReturn) -> Any:
        if self.status != JobStatus.COMPLETED:
            raise self._return_value
        return self._return_value

    setter = vars(JobReturn)["return_value"].fset
    setattr(JobReturn, "return_value", property(value, setter))  # noqa: B010  (a type checker sees no property here)
