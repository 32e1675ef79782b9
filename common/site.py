"""A user's own settings, `--config-dir my_site`: looked through before Hydra sees them, and handed on as a copy.

What has been looked through is what is used: the copy is made from the text that was checked. In it, paths that were
written relative to a yaml's folder are absolute.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from common.fault import Fault

MAX_BYTES = 100_000  # of one yaml; the longest of ours has 2000
MAX_FILES = 500
MAX_DEPTH = 4  # folders below the site's own
MAX_NESTING = 20  # lists and groups inside each other; ours have 4
PATH_WORDS = ("path", "root", "folder", "events", "file", "school")  # settings that name files or folders
ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:[/\\]|~|\$\{|[a-z]+://")


def scan_site(folder: str | Path) -> dict[str, str]:
    """Name -> checked text of every yaml in the folder; a Fault if one of them could do more than set values."""
    folder = Path(folder)
    if not folder.is_dir():
        raise Fault(f"--config-dir {folder}: there is no such folder (looked in {folder.absolute().parent})")
    checked = {}
    for path in _yamls(folder):
        name = path.relative_to(folder).as_posix()
        checked[name] = _checked(path, f"{folder.name}/{name}")
    return checked


def copy_site(folder: str | Path, to: Path) -> None:
    """Write the checked texts below `to`."""
    for name, text in scan_site(folder).items():
        path = to / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _yamls(folder: Path) -> Iterator[Path]:
    count = 0
    for at, folders, files in os.walk(folder):
        here = Path(at)
        depth = len(here.relative_to(folder).parts)
        folders[:] = sorted(f for f in folders if not f.startswith(".")) if depth < MAX_DEPTH else []
        for name in sorted(files):
            if name.endswith(".yml"):
                raise Fault(f"{here / name}: only files that end in .yaml are read; rename it to {name[:-3]}yaml")
            if name.endswith(".yaml"):
                count += 1
                if count > MAX_FILES:
                    raise Fault(f"{folder} holds more than {MAX_FILES} yaml files: name the folder of your settings")
                yield here / name


def _checked(path: Path, name: str) -> str:
    """The yaml's text with absolute paths, once nothing in it reaches beyond its own settings."""
    import yaml
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    if path.stat().st_size > MAX_BYTES:
        raise Fault(f"{name} has {path.stat().st_size:,} bytes; settings have at most {MAX_BYTES:,}")
    try:
        text = path.read_text(encoding="utf-8-sig")
        check_structure(text, name)
        settings = OmegaConf.create(text)
    except UnicodeDecodeError as err:
        raise Fault(f"{name} is not UTF-8 text: save it as UTF-8") from err
    except yaml.MarkedYAMLError as err:
        line = f" line {err.problem_mark.line + 1}" if err.problem_mark else ""
        raise Fault(f"{name}{line} is not yaml: {err.problem}") from err
    except (yaml.YAMLError, OmegaConfBaseException, RecursionError, ValueError) as err:
        raise Fault(f"{name} is not yaml that can be read: {str(err).splitlines()[0][:200]}") from err
    if re.search(r"^\s*#\s*@\s*package", text, re.MULTILINE):
        raise Fault(f"{name} holds an @package line, which moves settings elsewhere: take it out")
    plain = OmegaConf.to_container(settings, resolve=False)
    if plain is None or plain == {}:
        return text
    if not isinstance(plain, dict):
        raise Fault(f"{name} does not hold settings (name: value)")
    _check_defaults(plain.get("defaults", []), name)
    _check_keys(plain, name)
    return OmegaConf.to_yaml(OmegaConf.create(_absolute(plain, Path(os.path.abspath(path.parent)))))


def check_structure(text: str, name: str) -> None:
    """Few lines can stand for gigabytes (aliases) or for minutes of parsing (nesting); settings need neither."""
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise Fault(f"{name} line {line}: *{event.anchor} points to another place; write the value out")
        if depth > MAX_NESTING:
            raise Fault(f"{name} line {line}: more than {MAX_NESTING} lists or groups inside each other")


def _check_defaults(defaults: Any, name: str) -> None:
    """Defaults may name other settings of the same kind; they may not override or move what the pilot chose."""
    for entry in defaults if isinstance(defaults, list) else [defaults]:
        for word in entry if isinstance(entry, dict) else [entry]:
            text = str(word)
            if text.split(" ")[0] == "override" or "@" in text or "hydra" in text:
                raise Fault(f"{name}: the default '{text}' reaches beyond this file's own settings: take it out")


def _check_keys(value: Any, name: str) -> None:
    if isinstance(value, list):
        for entry in value:
            _check_keys(entry, name)
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        if key == "hydra":
            raise Fault(f"{name} sets 'hydra', which a site may not: take it out, or say hydra.…=… on the command line")
        if key == "_target_" and not re.match(r"(pilots|common)\.", str(inner)):
            raise Fault(f"{name}: _target_ {inner} is not a class of this project (pilots.… or common.…)")
        _check_keys(inner, name)


def _absolute(value: Any, folder: Path) -> Any:
    """Relative paths as seen from the yaml's folder."""
    if isinstance(value, dict):
        return {
            key: _paths(inner, folder) if key in PATH_WORDS else _absolute(inner, folder)
            for key, inner in value.items()
        }
    return [_absolute(entry, folder) for entry in value] if isinstance(value, list) else value


def _paths(value: Any, folder: Path) -> Any:
    if isinstance(value, list):
        return [_paths(entry, folder) for entry in value]
    if isinstance(value, str) and value.startswith("~"):
        return str(Path(value).expanduser())
    if isinstance(value, str) and value and not ABSOLUTE.match(value):
        return str(folder / value)
    return _absolute(value, folder)
