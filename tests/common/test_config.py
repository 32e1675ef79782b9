"""Settings build classes of ours and nothing else; a user's own settings cannot reach beyond themselves."""

from __future__ import annotations

import os
import sys

import pytest
from omegaconf import OmegaConf
from toy_pilot import lay, run_toy

from common.config import build, scan_site
from common.fault import Fault
from common.site import MAX_BYTES, copy_site

PARTS = "pilots.toy.parts"


@pytest.fixture(scope="module", autouse=True)
def toy_parts(tmp_path_factory):
    """The toy pilot's classes can be imported as pilots.toy.parts."""
    import pilots

    folder = tmp_path_factory.mktemp("toy")
    lay(folder)
    pilots.__path__.append(str(folder / "pilots"))
    yield folder
    pilots.__path__.remove(str(folder / "pilots"))
    for name in [name for name in sys.modules if name.startswith("pilots.toy")]:
        del sys.modules[name]


def refused(settings: object, **extra: object) -> str:
    with pytest.raises(Fault) as fault:
        build(OmegaConf.create(settings), **extra)  # type: ignore[call-overload]
    return str(fault.value)


# build


def test_a_class_of_ours_is_built_with_its_settings():
    made = build(OmegaConf.create({"_target_": f"{PARTS}.Ridge", "ridge": 2}), cap=5.0)
    assert (type(made).__name__, made.ridge, made.cap) == ("Ridge", 2, 5.0)


def test_lists_and_groups_arrive_as_plain_python():
    made = build(OmegaConf.create({"_target_": f"{PARTS}.Csv", "path": "a", "columns": {"unit": "id"}}))
    assert type(made.columns) is dict


def test_nested_parts_are_built():
    inner = {"_target_": f"{PARTS}.Ridge", "ridge": 3.0}
    made = build(OmegaConf.create({"_target_": f"{PARTS}.Open", "members": [inner, {"deep": inner}]}))
    assert made.settings["members"][0].ridge == 3.0
    assert made.settings["members"][1]["deep"].ridge == 3.0


@pytest.mark.parametrize(
    "target",
    [
        "os.system",
        "builtins.eval",
        "subprocess.Popen",
        "common.run.os.listdir",
        "common.run.Path",  # a class, but not of that module
        "common.run.DictConfig",
        "common.config.build",
        f"{PARTS}.listdir",
        f"{PARTS}.function",
        f"{PARTS}.Path",
        f"{PARTS}.Nothing",
        f"{PARTS}",
        "pilots",
        "common.",
        "common..run.Run",
        "common.run.Run.__init__",
        "common.run.Run.start",
        "common.__init__.os",
        "commonx.y.Z",
        "common.run\n.Run",
        "hydra.utils.instantiate",
        "hydra._internal.instantiate._instantiate2.instantiate",
        "",
        None,
        7,
        ["os.system"],
    ],
)
def test_nothing_else_is_built(target, monkeypatch):
    monkeypatch.setattr(os, "system", lambda *words: pytest.fail("called"))
    for settings in ({"_target_": target}, {"_target_": f"{PARTS}.Open", "a": [{"b": {"_target_": target}}]}):
        assert "class" in refused(settings)


@pytest.mark.parametrize("key", ["_args_", "_partial_", "_recursive_", "_convert_", "_mode_"])
def test_hydras_own_words_are_no_settings(key):
    assert f"{key} is not a setting" in refused({"_target_": f"{PARTS}.Open", key: True})
    assert f"{key} is not a setting" in refused({"_target_": f"{PARTS}.Ridge", key: True})


def test_an_interpolated_target_is_held_to_the_same_rule():
    assert "os.system is not a class" in refused({"_target_": "${name}", "name": "os.system"})


def test_a_wrong_setting_gets_the_nearest_name():
    assert refused({"_target_": f"{PARTS}.Ridge", "rigde": 1}) == (
        "config.rigde is not a setting of pilots.toy.parts.Ridge: did you mean 'ridge'?"
    )
    cfg = OmegaConf.create({"models": [{"model": {"_target_": f"{PARTS}.Ridge", "rigde": 1}}]})
    with pytest.raises(Fault, match=r"^models\[0\]\.model\.rigde is not a setting"):
        build(cfg.models[0].model)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"ridge": "abc"}, "config.ridge=abc is text, it must be a number"),
        ({"ridge": None}, "config.ridge=None is null, it must be a number"),
        ({"ridge": [1]}, "config.ridge=[1] is a list or a group, it must be a number"),
        ({"ridge": True}, "config.ridge=True is true or false, it must be a number"),
        ({"size": 1.5}, "config.size=1.5 is a number, it must be a whole number"),
        ({"cap": "x"}, "config.cap=x is text, it must be a number or null"),
        ({"ridge": -1.0}, "config: ridge must be > 0, got -1.0"),
        ({"ridge": "???"}, "config.ridge is not set: say config.ridge=VALUE"),
    ],
)
def test_wrong_values(settings, words):
    assert refused({"_target_": f"{PARTS}.Ridge", **settings}) == words


def test_what_the_class_needs_must_be_there():
    assert "config.path is not set" in refused({"_target_": f"{PARTS}.Csv"})
    assert build(OmegaConf.create({"_target_": f"{PARTS}.Csv"}), path="x").path == "x"
    assert "names no class" in refused({"path": "x"})


def test_our_own_mistakes_pass_through():
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        build(OmegaConf.create({"_target_": f"{PARTS}.Broken"}))


def test_a_missing_package_names_the_extra(toy_parts):
    (toy_parts / "pilots/toy/needy.py").write_text("import no_such_package\nclass Needy: pass\n")
    assert refused({"_target_": "pilots.toy.needy.Needy"}) == (
        "pilots.toy.needy.Needy needs the package 'no_such_package': pip install 'sector-ai-pilots[toy]'"
    )


# a user's own settings


@pytest.fixture
def site(tmp_path):
    """Write one yaml and scan its folder."""

    def write_and_scan(text: str, name: str = "data/pumps.yaml") -> dict[str, str]:
        path = tmp_path / "my site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return scan_site(tmp_path / "my site")

    return write_and_scan


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a comment\n",
        'defaults: [csv]\npath: "/srv/plant 2/pumps.csv"\ncolumns: {unit: pump_id, cycle: hour}\n',
        "defaults:\n  - csv\n  - _self_\npath: pumps.csv\n",
        "_target_: pilots.manufacturing.data.csv.CsvFleet\nmissing: [-999]\n",
        "email: a@b.example\n",
        "\ufeffpath: pumps.csv\n",
    ],
)
def test_honest_settings_pass(site, text):
    assert list(site(text)) == ["data/pumps.yaml"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# @package _global_\nhydra: {}\n", "@package"),
        ("#@package hydra\na: 1\n", "@package"),
        ("a: 1\n  # @package hydra.sweeper\n", "@package"),
        ("hydra: {launcher: {_target_: os.system}}\n", "sets 'hydra'"),
        ("a: [{hydra: {}}]\n", "sets 'hydra'"),
        ("defaults: [{override hydra/launcher: joblib}]\n", "reaches beyond"),
        ("defaults: [{override /model: x}]\n", "reaches beyond"),
        ("defaults: [{'/model@hydra.sweeper': x}]\n", "reaches beyond"),
        ("defaults: [csv@_global_]\n", "reaches beyond"),
        ("defaults: [/hydra/launcher/joblib]\n", "reaches beyond"),
        ("defaults: {override model: x}\n", "reaches beyond"),
        ("_target_: os.system\n", "not a class of this project"),
        ("a: [{b: {_target_: subprocess.Popen}}]\n", "not a class of this project"),
        ("a: &x [1]\nb: *x\n", "line 2: *x points to another place"),
        ("a: !!python/object/apply:os.system [id]\n", "is not yaml"),
        ("a: [1\n", "line 2 is not yaml"),
        ("a: 1\na: 2\n", "is not yaml"),
        ("- 1\n", "does not hold settings"),
        ("a: ${b\n", "is not yaml"),
        ("a: " + "[" * 90_000, "more than 20 lists or groups inside each other"),
        ("a: " + "x" * MAX_BYTES, "bytes; settings have at most"),
        (b"a: \xff\n", "is not UTF-8"),
    ],
)
def test_settings_that_reach_further_are_refused(site, text, words):
    with pytest.raises(Fault) as fault:
        site(text)
    assert words in str(fault.value)
    assert str(fault.value).startswith("my site/data/pumps.yaml")


def test_files_hydra_would_overlook_are_told(site):
    with pytest.raises(Fault, match=r"rename it to pumps\.yaml"):
        site("a: 1\n", "data/pumps.yml")


def test_other_files_are_left_alone(site, tmp_path):
    site("a: 1\n")
    (tmp_path / "my site" / "pumps.csv").write_text("x\n")
    (tmp_path / "my site" / ".git").mkdir()
    (tmp_path / "my site" / ".git" / "x.yaml").write_text("hydra: {}\n")
    assert list(scan_site(tmp_path / "my site")) == ["data/pumps.yaml"]


def test_relative_paths_are_seen_from_the_yaml(site, tmp_path):
    home = os.path.expanduser("~")
    site("path: [a.csv, ../b.csv, /c.csv]\nevents: e.csv\ninner: {root: d, missing: a.csv}\nfolder: ~/f\nfile: ${x}\n")
    copy_site(tmp_path / "my site", tmp_path / "copy")
    made = OmegaConf.load(tmp_path / "copy/data/pumps.yaml")
    here = str(tmp_path / "my site/data")
    made = OmegaConf.to_container(made, resolve=False)
    assert made == {
        "path": [f"{here}/a.csv", f"{here}/../b.csv", "/c.csv"],
        "events": f"{here}/e.csv",
        "inner": {"root": f"{here}/d", "missing": "a.csv"},
        "folder": f"{home}/f",
        "file": "${x}",
    }


def test_a_site_in_use(tmp_path, toy_parts, site):
    site("defaults: [csv]\npath: pumps.csv\n")
    (tmp_path / "elsewhere").mkdir()
    made = run_toy(toy_parts / "toy.py", "--config-dir", "../my site", "data=pumps", cwd=tmp_path / "elsewhere")
    assert f"path '{tmp_path}/my site/data/pumps.csv'" in made.stdout
    [facts] = tmp_path.glob("elsewhere/runs/toy/*/run.json")
    assert "pilot-toy --config-dir '../my site' data=pumps" in facts.read_text()
    for flag in ("-cd=../my site", "--config-d=../my site"):
        made = run_toy(toy_parts / "toy.py", flag, "data=pumps", "data.path=here.csv", cwd=tmp_path / "elsewhere")
        assert "path 'here.csv'" in made.stdout
    (tmp_path / "my site/data/other.yaml").write_text("hydra: {}\n")
    made = run_toy(toy_parts / "toy.py", "--config-dir=../my site", "data=pumps", cwd=tmp_path / "elsewhere")
    assert (made.returncode, made.stderr.count("\n")) == (2, 1)
    assert "sets 'hydra'" in made.stderr


def test_a_site_cannot_shadow_our_own_settings(tmp_path, toy_parts, site):
    site("path: stolen.csv\n", "data/csv.yaml")
    made = run_toy(toy_parts / "toy.py", "--config-dir", "my site", cwd=tmp_path)
    assert "path 'none.csv'" in made.stdout
