"""The file of a surrogate: what was written is read; what is no such file is refused before it costs much."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import zipfile
from pathlib import Path

import pytest
from support.surrogate_files import rezip

from terranova.errors import RunError, StoreCorrupt
from terranova.surrogates import archive
from terranova.surrogates.archive import read_archive, write_archive

PIECES = {"about.json": b"{}", "learned/a.npy": bytes(range(256)) * 4, "learned/empty": b""}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of three pieces."""
    write_archive(tmp_path / "a.tns", PIECES)
    return tmp_path / "a.tns"


def test_what_was_written_is_read_and_the_same_every_time(path: Path) -> None:
    assert read_archive(path) == PIECES
    before = path.read_bytes()
    write_archive(path, PIECES)
    assert path.read_bytes() == before
    with zipfile.ZipFile(path) as file:
        assert file.testzip() is None


def test_names_are_words() -> None:
    for name in ("", "/x", "../x", "a/../x", "a/b/c", "a\\b", "checksums.json", ".x", "a b", "x" * 100):
        with pytest.raises(ValueError, match="cannot be the name of a piece"):
            write_archive(Path("never"), {name: b""})


def test_every_bit_of_a_file_counts_or_means_nothing(path: Path) -> None:
    content, refused = path.read_bytes(), 0
    for at in range(0, len(content), 5):
        path.write_bytes(content[:at] + bytes([content[at] ^ (1 << at % 8)]) + content[at + 1 :])
        try:
            assert read_archive(path) == PIECES
        except StoreCorrupt:
            refused += 1
    assert refused > len(content) / 10
    for at in range(0, len(content), 7):
        path.write_bytes(content[:at])
        with pytest.raises(StoreCorrupt):
            read_archive(path)


def test_a_piece_that_was_exchanged_added_or_lost_is_named(path: Path) -> None:
    sums = {"sha256": {name: hashlib.sha256(piece).hexdigest() for name, piece in PIECES.items()}}
    for pieces, message in (
        ({**PIECES, "learned/a.npy": b"other"}, r"piece learned/a\.npy does not match its checksum"),
        ({**PIECES, "learned/b.npy": b""}, r"piece learned/b\.npy has no checksum"),
        ({"about.json": b"{}", "learned/empty": b""}, r"piece 'learned/a\.npy' is missing"),
    ):
        path.write_bytes(rezip(pieces, sums))
        with pytest.raises(StoreCorrupt, match=message):
            read_archive(path)
    for wrong in ([1], {"sha256": 1}, {"a": {}}):
        path.write_bytes(rezip(PIECES, wrong))
        with pytest.raises(StoreCorrupt, match=r"piece checksums\.json"):
            read_archive(path)


def _zip(entries: list[tuple[str, bytes]], packed: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packed) as file:
        for name, piece in entries:
            file.writestr(zipfile.ZipInfo(name), piece, packed)
    return buffer.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_archives_that_are_made_to_hurt_are_refused(path: Path) -> None:
    sums = ("checksums.json", b"{}")
    plain = _zip([sums])
    comment = plain[:-2] + b"\x05\x00hello"
    directory = plain.rindex(b"PK\1\2")
    longer = bytearray(plain)
    longer[directory + 20 : directory + 28] = struct.pack("<2L", 2**31, 2**31)
    locked = bytearray(plain)
    locked[directory + 8] |= 1
    for content, message in (
        (_zip([sums, ("a", bytes(10_000_000))], zipfile.ZIP_DEFLATED), "packed"),
        (_zip([sums, ("a", b"x")], zipfile.ZIP_LZMA), "packed"),
        (_zip([sums, ("a", b"1"), ("a", b"2")]), "two pieces a"),
        (_zip([sums, ("../../a", b"1")]), "not the name of a piece"),
        (_zip([sums, ("/etc/passwd", b"1")]), "not the name of a piece"),
        (
            _zip([sums] + [(f"a{i}", b"") for i in range(archive.MOST_PIECES)]),
            "10,001 pieces, more than the 10,000",
        ),
        (bytes(longer), "its pieces claim 2,147,483,648 bytes"),
        (bytes(locked), "packed"),
        (comment, "does not end as a zip"),
        (plain[:-2] + b"\x01\x00", "its directory is not one"),
        (plain[:-22] + b"PK\6\7" + bytes(16) + plain[-22:], "its directory is not one"),
        (plain[:-22] + bytes(9) + plain[-22:], "its directory is not where it says"),
        (b"no archive", "does not end as a zip"),
        (b"", "does not end as a zip"),
    ):
        path.write_bytes(content)
        with pytest.raises(StoreCorrupt, match=message):
            read_archive(path)


def test_an_older_format_is_to_be_trained_again(path: Path) -> None:
    path.write_bytes(_zip([("about.json", b'{"format": 1}'), ("test.npz", b"")], zipfile.ZIP_DEFLATED))
    with pytest.raises(StoreCorrupt, match=r"of format 1.*terranova surrogate train"):
        read_archive(path)


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, message in (("pipe", "is not a file"), (".", "is not a file"), ("none", "There is no file")):
        with pytest.raises(RunError, match=message):
            read_archive(tmp_path / name)


def test_a_file_has_a_longest_length(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_BYTES", 2**20)
    with pytest.raises(RunError, match="1 MiB no more are read again"):
        write_archive(path, {"a": bytes(2**20)})
    assert read_archive(path) == PIECES
    with open(path, "r+b") as file:
        file.truncate(2**20 + 1)
    with pytest.raises(StoreCorrupt, match="longer than 1 MiB, the most that is read"):
        read_archive(path)
