"""rights.yaml: every picture has a true, whole row before it is learned from, and a person's words are kept."""

from __future__ import annotations

import hashlib

import pytest
from test_folder import give_rights, picture, refused

from common.fault import Fault
from pilots.creative import rights
from pilots.creative.data.folder import Folder
from pilots.creative.data.rights import read_rights

ALL = ["--owner", "the studio", "--licence", "CC0-1.0", "--source", 'own "camera": no. 2', "--consent", "by contract"]


@pytest.fixture
def studio(tmp_path):
    """Two pictures, no rights."""
    folder = tmp_path / "my textures"
    picture(folder / "Bricks" / "1.png")
    picture(folder / "lawn.png")
    return folder


def test_init_with_all_said_makes_a_folder_ready_to_train(studio, capsys):
    rights.main(["init", str(studio), *ALL])
    assert "All fields are filled in" in capsys.readouterr().out
    found = Folder(str(studio)).read()
    assert [row["path"] for row in found.rights] == ["Bricks/1.png", "lawn.png"]
    assert found.rights[0]["source"] == 'own "camera": no. 2'
    assert found.rights[0]["sha256"] == hashlib.sha256((studio / "Bricks/1.png").read_bytes()).hexdigest()
    assert sorted(path.name for path in studio.iterdir()) == ["Bricks", "lawn.png", "rights.yaml"]


def test_init_leaves_the_rest_to_a_person_and_says_so(studio, capsys):
    rights.main(["init", str(studio), "--owner", "the studio"])
    said = capsys.readouterr().out
    assert "licence is empty for Bricks/1.png, lawn.png" in said
    assert "owner is empty" not in said
    refused(studio, "licence, source, consent of Bricks/1.png not filled in", rights=False)


@pytest.mark.parametrize(
    "written",
    [
        "# ours\nfiles:\n  - path: lawn.png   # the old one\n    owner: Ada's\n    licence:\n    source: ''\n",
        "# ours\nfiles:\n- {path: ./lawn.png, owner: Ada's}\n",
        "# ours\nfiles: [{path: lawn.png, owner: Ada's, licence: null,},]",
        "# ours\r\nfiles:\r\n  - owner: Ada's\r\n    path: lawn.png\r\n",
        '{"files": [{"path": "lawn.png", "owner": "Ada\'s"}]}',
    ],
)
def test_what_a_person_wrote_is_kept(studio, written):
    (studio / "rights.yaml").write_bytes(written.encode())
    rights.main(["init", str(studio), *ALL])
    text = (studio / "rights.yaml").read_bytes().decode()
    assert all(words in text for words in ("# ours", "# the old one") if words in written)
    rows = read_rights(studio).rows
    assert {row["owner"] for row in rows.values()} == {"Ada's", "the studio"}
    assert all(all(row.values()) for row in rows.values())
    assert len(rows) == 2
    Folder(str(studio)).read()
    rights.main(["init", str(studio), "--owner", "somebody else"])
    assert (studio / "rights.yaml").read_bytes().decode() == text  # nothing is empty, nothing is new


@pytest.mark.parametrize("written", ["", "# nothing yet", "files:", "files: []  # none", "files: null\n# end"])
def test_an_empty_list_is_extended(studio, written):
    (studio / "rights.yaml").write_text(written)
    rights.main(["init", str(studio), *ALL])
    assert len(Folder(str(studio)).read().rights) == 2


def test_no_rights_at_all(studio):
    refused(studio, "has no rights.yaml", f"rights init '{studio}'", rights=False)


def test_a_picture_without_a_row(studio):
    give_rights(studio)
    picture(studio / "new.png")
    refused(studio, "no row for new.png", "rights init", rights=False)


def test_a_changed_picture(studio, capsys):
    give_rights(studio)
    picture(studio / "lawn.png", seed=7)
    refused(studio, "lawn.png is not the file", "sha256", "delete the row", rights=False)
    rights.main(["init", str(studio), *ALL])
    assert "lawn.png is not the file its row speaks of" in capsys.readouterr().out
    refused(studio, "lawn.png is not the file", rights=False)  # init does not vouch for a person


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("files: [{path: ../lawn.png}]", "leaves the folder"),
        ("files: [{path: /etc/passwd}]", "leaves the folder"),
        ("files: [{path: 'C:\\lawn.png'}]", "leaves the folder"),
        ("files: [{owner: Ada}]", "has no path"),
        ("files: [{path: lawn.png, licens: CC0}]", "did you mean 'licence'"),
        ("files: [{path: lawn.png}, {path: ./lawn.png}]", "has a row already"),
        ("files: [lawn.png]", "not a group of texts"),
        ("files: [{}]", "not a group of texts"),
        ("files: [{path: [lawn.png]}]", "not a group of texts"),
        ("pictures: []", "one list named files"),
        ("files: lawn.png", "one list named files"),
        ("files:\n  - path: a: b", "line 2 is not yaml"),
        ("a: &a [1]\nfiles: *a", "points to another place"),
        ("files: " + "[" * 50, "inside each other"),
        ("files: [{path: lawn.png, owner: " + "A" * 1001 + "}]", "1,001 letters"),
        ("files: \x00", "yaml that can be read"),
        ("#" * 1_000_001, "1,000,001 bytes"),
    ],
)
def test_a_rights_file_that_cannot_be_taken(studio, written, words):
    (studio / "rights.yaml").write_text(written)
    refused(studio, "rights.yaml", words, rights=False)


def test_a_rights_file_of_another_kind(studio, tmp_path):
    (studio / "rights.yaml").write_bytes("files: [] # Müll".encode("latin-1"))
    refused(studio, "not UTF-8", rights=False)
    (studio / "rights.yaml").unlink()
    (tmp_path / "elsewhere.yaml").write_text("files: []")
    (studio / "rights.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    refused(studio, "is a link", rights=False)


@pytest.mark.parametrize("value", ["", "  ", "two\nlines", "x" * 1001])
def test_an_option_that_is_no_line_of_text(studio, value):
    with pytest.raises(Fault, match="--owner"):
        rights.main(["init", str(studio), "--owner", value])
    assert not (studio / "rights.yaml").exists()
