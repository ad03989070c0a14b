"""``kefu kb``: the documents a shop gives are kept, listed, found and removed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.__main__ import app

RUN = CliRunner()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A database of its own, no model server, no entries but what is ingested."""
    path = tmp_path / "kefu.toml"
    path.write_text(
        f'[database]\nurl = "sqlite+aiosqlite:///{tmp_path}/kefu.db"\n'
        f'[triton]\nruntime_dir = "{tmp_path}/triton"\n[knowledge]\nentries = "none"\n'
    )
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One good document and one bad one."""
    root = tmp_path / "help"
    root.mkdir()
    (root / "a.md").write_text("# 配送\n## 几点发货？\n下午四点前付款的当天发。\n", "utf-8")
    (root / "bad.csv").write_text("问题,答案\n怎么换,\n", "utf-8")
    return root


def kb(config: Path, *arguments: str) -> tuple[int, str]:
    result = RUN.invoke(app, ["kb", arguments[0], "--config", str(config), *arguments[1:]])
    return result.exit_code, result.stdout


def test_ingest_list_search_remove(config: Path, folder: Path) -> None:
    code, out = kb(config, "ingest", str(folder), "--json")
    found = json.loads(out)
    assert code == 1, "one document is bad"
    assert (found["added"], found["failed"], found["chunks"], found["embedded"]) == (1, 1, 1, False)
    assert found["problems"][0]["uri"] == "bad.csv"
    assert "第2行" in found["problems"][0]["problem"]

    (folder / "bad.csv").unlink()
    code, out = kb(config, "ingest", str(folder), "--json")
    assert (code, json.loads(out)["unchanged"]) == (0, 1)

    code, out = kb(config, "list", "--json")
    (document,) = json.loads(out)["documents"]
    assert (document["uri"], document["root"], document["chunks"]) == ("a.md", str(folder), 1)

    code, out = kb(config, "search", "几点发货", "--json")
    (hit,) = json.loads(out)["hits"]
    assert hit["confident"]
    assert (hit["answer"], hit["source"]) == ("下午四点前付款的当天发。", "配送 (a.md)")
    assert "* " in kb(config, "search", "几点发货")[1]

    assert kb(config, "remove", document["id"]) == (0, "removed 1\n")
    assert "no documents" in kb(config, "list")[1]
    assert kb(config, "remove", "nothing")[0] == 1


def test_a_whole_folder_is_removed_by_its_name(config: Path, folder: Path) -> None:
    kb(config, "ingest", str(folder))
    assert kb(config, "remove", str(folder), "--json") == (0, '{"removed": 1}\n')


def test_what_is_not_there_is_one_line(config: Path) -> None:
    result = RUN.invoke(app, ["kb", "ingest", "/nowhere/at/all", "--config", str(config)])
    assert result.exit_code == 1
    assert "kefu: /nowhere/at/all: there is no such file or folder" in result.stderr


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ('entries = "/nowhere"', ["knowledge.entries", "/nowhere", "none"]),
        ('engine = "solr"', ["knowledge.engine", "opensearch"]),
        ('index = "Kefu!"', ["knowledge.index"]),
    ],
)
def test_wrong_settings_are_named(config: Path, section: str, words: list[str]) -> None:
    config.write_text(config.read_text().replace('entries = "none"', section))
    result = RUN.invoke(app, ["kb", "search", "x", "--config", str(config)])
    assert result.exit_code == 2
    assert all(word in result.stderr for word in words), result.stderr
