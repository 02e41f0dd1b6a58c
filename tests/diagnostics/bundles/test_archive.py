"""Bundle files: those of the real tool, and hostile ones."""

import json
import os
import stat
import struct
import time
import zipfile
from pathlib import Path

import pytest

from diagnostics.context import Options
from diagnostics.discovery import ConfigFileError, discover
from diagnostics.model import ClientFile, Status
from tests.support.bundles import Tool, a_manifest
from tests.support.configs import a_host, one_file, write


def zipped(path: Path, members: dict[str, bytes | str], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as bundle:
        for name, content in members.items():
            bundle.writestr(name, content)
    return path


def outcomes(file: ClientFile) -> list[str]:
    return [each.outcome for each in file.problems]


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    form = {"key": {"title": "API key", "required": True, "sensitive": True}}
    write(folder / "manifest.json", a_manifest(form, {"API_KEY": "${user_config.key}"}))
    write(folder / "server/index.js", "// server\n")
    return folder


@pytest.mark.parametrize("suffix", ["mcpb", "dxt"])
def test_a_bundle_of_the_real_tool(mcpb: Tool, sources: Path, tmp_path: Path, suffix: str) -> None:
    mcpb("pack", sources, bundle := tmp_path / f"notes.{suffix}")
    file = one_file(bundle)
    assert (file.client, file.status, file.scope) == ("claude-desktop", Status.OK, "named")
    (server,) = file.servers
    assert server.id == "claude-desktop:notes"
    assert server.command == "node"
    (reference,) = server.references
    assert (reference.field, reference.syntax.value, reference.name) == ("env.API_KEY", "user-config", "key")
    assert server.extension is not None
    assert server.extension.is_packed
    assert sorted(path.name for path in tmp_path.iterdir()) == [bundle.name, "sources"], "nothing is unpacked"


def test_a_signed_bundle_of_the_real_tool(mcpb: Tool, sources: Path, tmp_path: Path) -> None:
    mcpb("pack", sources, bundle := tmp_path / "notes.mcpb")
    plain = bundle.stat().st_size
    mcpb("sign", "--self-signed", bundle)
    assert bundle.stat().st_size > plain
    assert one_file(bundle).status is Status.OK


def test_a_manifest_is_read_by_itself(sources: Path) -> None:
    file = one_file(sources / "manifest.json")
    assert [each.id for each in file.servers] == ["claude-desktop:notes"]
    assert file.servers[0].args[0].reveal() == f"{sources}/server/index.js"


def test_another_manifest_is_no_extension(tmp_path: Path) -> None:
    path = write(
        tmp_path / "manifest.json", {"manifest_version": 3, "mcpServers": {"git": {"command": "npx"}}}
    )
    assert [each.name for each in one_file(path).servers] == ["git"]


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    bundle = zipped(tmp_path / "bomb.mcpb", {"manifest.json": b" " * 500_000_000})
    began = time.monotonic()
    assert outcomes(one_file(bundle)) == ["too-large"]
    assert time.monotonic() - began < 5


def test_names_that_lead_out_are_noticed_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    bundle = tmp_path / "in/slip.mcpb"
    link = zipfile.ZipInfo("server/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr("manifest.json", json.dumps(a_manifest()))
        archive.writestr("server/index.js", "")
        archive.writestr("../../evil", "x")
        archive.writestr("/etc/evil", "x")
        archive.writestr("..\\evil", "x")
        archive.writestr("C:/evil", "x")
        archive.writestr(link, "/etc/passwd")
    extension = one_file(bundle).servers[0].extension
    assert extension is not None
    assert set(extension.unsafe) >= {"../../evil", "/etc/evil", "C:/evil", "server/link"}
    assert len(extension.unsafe) == 5
    assert [each.name for each in tmp_path.rglob("*")] == ["in", "slip.mcpb"]


@pytest.mark.parametrize(
    ("content", "outcome"),
    [
        (b"", "bundle-damaged"),
        (b"no zip at all" * 100, "bundle-damaged"),
        (b"PK\x05\x06" + b"\xff" * 18, "bundle-damaged"),
        (b"PK\x05\x06" + b"\0" * 8 + struct.pack("<L", 900_000_000) + b"\0" * 6, "too-large"),
        (b"\0" * 5_000_000, "bundle-damaged"),
    ],
)  # fmt: skip
def test_what_is_no_bundle(tmp_path: Path, content: bytes, outcome: str) -> None:
    path = tmp_path / "x.mcpb"
    path.write_bytes(content)
    file = one_file(path)
    assert (file.status, outcomes(file)) == (Status.FAIL, [outcome])


def test_a_bundle_cut_off_anywhere_never_raises(sources: Path, tmp_path: Path) -> None:
    members: dict[str, bytes | str] = {
        "manifest.json": (sources / "manifest.json").read_bytes(),
        "server/index.js": b"x" * 2000,
    }
    whole = zipped(tmp_path / "whole.mcpb", members).read_bytes()
    cut = tmp_path / "cut.mcpb"
    for size in range(0, len(whole), 7):
        cut.write_bytes(whole[:size])
        assert one_file(cut).status is Status.FAIL
    for at in range(0, len(whole), 5):
        damaged = bytearray(whole)
        damaged[at] ^= 0xFF
        cut.write_bytes(damaged)
        assert one_file(cut).status in Status


def test_a_folder_zipped_as_a_whole(tmp_path: Path) -> None:
    file = one_file(zipped(tmp_path / "x.mcpb", {"notes/manifest.json": json.dumps(a_manifest())}))
    assert outcomes(file) == ["bundle-without-manifest"]
    assert file.problems[0].detail == "notes/manifest.json"


@pytest.mark.parametrize("text", [b"{", b"\xff\xfe{\0", b"[]", b"", b"\xe9{}"])
def test_a_broken_manifest_in_a_good_zip(tmp_path: Path, text: bytes) -> None:
    file = one_file(zipped(tmp_path / "x.mcpb", {"manifest.json": text}))
    assert file.status is Status.FAIL
    assert file.servers == ()


def test_what_can_not_be_opened_is_an_error_of_the_call(tmp_path: Path) -> None:
    (tmp_path / "folder.mcpb").mkdir()
    os.mkfifo(tmp_path / "pipe.mcpb")
    for name in ("folder.mcpb", "pipe.mcpb", "missing.mcpb"):
        with pytest.raises(ConfigFileError):
            discover(a_host(tmp_path), Options(config=(tmp_path / name,)))
