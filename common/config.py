"""From settings to objects, for classes of this project alone. The only caller of Hydra's `instantiate`.

A settings file may come from anyone. It can name a class of ours and the settings that class takes; it can name no
function, no class that merely passes through one of our modules, and nothing of any other package.
"""

from __future__ import annotations

import importlib
import inspect
import re
import typing
from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

from common.fault import Fault, did_you_mean
from common.site import scan_site

__all__ = ["build", "scan_site"]

TARGET = re.compile(r"(pilots|common)(\.[A-Za-z][A-Za-z0-9_]*)+", re.ASCII)
KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text", NoneType: "null"}


def build(cfg: DictConfig, **extra: Any) -> Any:
    """The object that `cfg._target_` names, made with the other keys of `cfg` and with `extra`.

    A setting the class does not take, a wrong kind of value and a ValueError of the constructor become a Fault that
    names the setting as it is written on the command line.
    """
    from hydra.errors import InstantiationException
    from hydra.utils import instantiate

    if not isinstance(cfg, DictConfig) or "_target_" not in cfg:
        raise Fault(f"{_name(cfg)} names no class: it needs a line _target_: pilots.…")
    for part in _parts(cfg):
        _check_settings(part, _own_class(part), extra if part is cfg else {})
    try:
        return instantiate(cfg, _convert_="all", **extra)
    except InstantiationException as err:
        cause = err.__cause__
        if isinstance(cause, Fault):
            raise cause from None
        if isinstance(cause, ValueError):
            raise Fault(f"{_name(cfg)}: {cause}") from cause
        raise (cause or err) from None  # a mistake of ours: Hydra's wrapping would hide where


def _parts(cfg: DictConfig | ListConfig) -> Iterator[DictConfig]:
    """Every mapping with a `_target_`, however deep: Hydra would build them all."""
    if isinstance(cfg, DictConfig) and "_target_" in cfg:
        yield cfg
    keys = list(cfg) if isinstance(cfg, DictConfig) else range(len(cfg))
    for key in keys:
        if not OmegaConf.is_missing(cfg, key) and OmegaConf.is_config(cfg[key]):
            yield from _parts(cfg[key])


def _own_class(cfg: DictConfig) -> type:
    """The class itself, only if its own module and name are the ones written in the settings."""
    target = cfg["_target_"]
    if not isinstance(target, str) or not TARGET.fullmatch(target):
        raise Fault(f"{_name(cfg)}._target_={target} is not a class of this project (pilots.… or common.…)")
    module_name, _, name = target.rpartition(".")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as err:
        if err.name and not f"{module_name}.".startswith(f"{err.name}."):
            raise Fault(f"{target} needs the package '{err.name}': {_install(target)}") from err
        raise Fault(f"{_name(cfg)}._target_={target} is not a class: there is no module {module_name}") from err
    found = getattr(module, name, None)
    if not isinstance(found, type) or f"{found.__module__}.{found.__qualname__}" != target:
        own = [
            key for key, value in vars(module).items() if isinstance(value, type) and value.__module__ == module_name
        ]
        raise Fault(f"{_name(cfg)}._target_={target} is not a class of {module_name}: {did_you_mean(name, own)}")
    return found


def _install(target: str) -> str:
    extra = target.split(".")[1] if target.startswith("pilots.") else "train"
    return f"pip install 'sector-ai-pilots[{extra}]'"


def _check_settings(cfg: DictConfig, cls: type, extra: dict[str, Any]) -> None:
    """Every key is a parameter of the class, every parameter without a default has a value, kinds fit."""
    takes = {p.name: p for p in inspect.signature(cls).parameters.values()}
    open_ended = any(p.kind is p.VAR_KEYWORD for p in takes.values())
    named = {name: p for name, p in takes.items() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    target = cfg["_target_"]
    kinds = _kinds(cls)
    for key in map(str, cfg):
        if key == "_target_":
            continue
        if key not in named and (not open_ended or key.startswith("_")):
            raise Fault(f"{_name(cfg)}.{key} is not a setting of {target}: {did_you_mean(key, named)}")
        if OmegaConf.is_missing(cfg, key):
            raise Fault(f"{_name(cfg)}.{key} is not set: say {_name(cfg)}.{key}=VALUE")
        _check_kind(f"{_name(cfg)}.{key}", cfg[key], kinds.get(key))
    for name, parameter in named.items():
        if parameter.default is parameter.empty and name not in cfg and name not in extra:
            raise Fault(f"{_name(cfg)}.{name} is not set and {target} needs it: add the line '{name}: …'")


def _kinds(cls: type) -> dict[str, Any]:
    try:
        return typing.get_type_hints(cls.__init__)  # type: ignore[misc]  # the class itself, not a subclass
    except (NameError, TypeError):  # hints that only a type checker can resolve
        return {}


def _check_kind(name: str, value: Any, kind: Any) -> None:
    """Refuse text where a number belongs, and the like; says nothing about kinds it does not know."""
    kinds = typing.get_args(kind) if typing.get_origin(kind) in (typing.Union, UnionType) else (kind,)
    if not all(k in KINDS for k in kinds):
        return
    fits = type(value) in kinds or (type(value) is int and float in kinds)
    if not fits:
        wanted = " or ".join(KINDS[k] for k in kinds)
        raise Fault(f"{name}={value} is {KINDS.get(type(value), 'a list or a group')}, it must be {wanted}")


def _name(cfg: Any) -> str:
    """The key as a person writes it on the command line; settings that stand alone are called config."""
    parent = cfg._get_parent() if OmegaConf.is_config(cfg) else None
    return "config" if parent is None else parent._get_full_key(cfg._key())
