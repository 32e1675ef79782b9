"""What the `check` verbs of the pilots share: a site's yaml as words, the settings those words make, safe text."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from common.fault import Fault

if TYPE_CHECKING:
    from omegaconf import DictConfig


def site_of(yaml: Path, folder: Path | None) -> tuple[Path, str]:
    """my_site/data/pumps.yaml -> my_site and data=pumps."""
    if not yaml.is_file():
        raise Fault(f"there is no file {yaml} (looked in {Path.cwd()})")
    home = yaml.absolute().parent
    if folder is not None or home.name != "data":
        raise Fault(
            f"{yaml} must stand in a folder named data, as in my_site/data/{yaml.name}, and needs no --config-dir"
        )
    return home.parent, f"data={yaml.stem}"


def settings_of(pilot: str, words: Sequence[str], folder: Path | None) -> DictConfig:
    """The settings of a run with these words; a site's own are looked through first."""
    from hydra import compose, initialize_config_module

    from common.cli_hydra import as_setting
    from common.site import copy_site

    with tempfile.TemporaryDirectory(prefix="pilots-site-") as copy:
        if folder is not None:
            copy_site(folder, Path(copy))
        path = f"hydra.searchpath=[pkg://conf.shared,file://{copy}]"
        with initialize_config_module(f"conf.{pilot}", version_base="1.3"):
            return compose("config", overrides=[path, *(as_setting(word) for word in words)])


def plain(text: str) -> str:
    """Text for a terminal: names in a stranger's file must not move its cursor."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)
