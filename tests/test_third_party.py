"""Nothing that a user gets by default binds what they do with it, and THIRD_PARTY.md says what they get."""

import re
import sys

import pytest
import third_party


@pytest.mark.parametrize("group", third_party.DEFAULT)
def test_no_licence_binds_a_user(group):
    names = third_party.needed(group)
    assert len(names) >= 15
    assert [why for why in map(third_party.refused, sorted(names)) if why] == []


def test_a_binding_licence_is_seen(monkeypatch):
    words = {
        "GPL-3.0-only": True,
        "GNU Affero General Public License v3": True,
        "CC-BY-NC-4.0": True,
        "": True,
        "LGPL-2.1-or-later": False,
        "GNU Lesser General Public License v2 (LGPLv2)": False,
        "MPL-2.0": False,
        "Apache-2.0 OR GPL-2.0-or-later": False,
        "GPLv2 | EPLv1": False,
        "MIT AND GPL-2.0": True,
    }
    for text, binds in words.items():
        monkeypatch.setattr(third_party, "licence", lambda name, text=text: text)
        assert bool(third_party.refused("some")) == binds, text
    assert len(words) == 10


def test_every_exception_is_still_needed():
    default = set().union(*(third_party.needed(group) for group in third_party.DEFAULT))
    assert set(third_party.EXCEPTIONS) <= default


def test_the_list_is_that_of_the_pinned_set():
    text = (third_party.ROOT / "THIRD_PARTY.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| ([a-z0-9-]+) \| (\d\S*) \|", text, re.MULTILINE))
    assert len(rows) > 100
    assert rows == third_party.pinned(), "run: python tests/third_party.py"


def test_everything_installed_is_pinned():
    """Needed packages of other systems and Pythons may be absent here; what is here has its version."""
    pinned = third_party.pinned()
    found = {name: third_party.installed(name) for name in third_party.everything() if name in pinned}
    assert len(found) > 100
    assert {name: version for name, version in found.items() if version != pinned[name]} == {}


@pytest.mark.skipif(
    sys.platform != "linux" or sys.version_info[:2] != (3, 11),
    reason="made on Linux, Python 3.11: others need more",
)
def test_the_list_is_what_the_command_writes():
    assert (third_party.ROOT / "THIRD_PARTY.md").read_text(encoding="utf-8") == third_party.table()
