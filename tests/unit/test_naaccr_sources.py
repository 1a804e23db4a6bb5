"""Where documents come from: files, gzip, zip, globs and folders; one or several at once."""

from __future__ import annotations

import gzip
import io
import os
import struct
import warnings
import zipfile
from pathlib import Path

import pytest

from registry.errors import BadInput, NotFound
from registry.formats import UnreadableFile, iter_naaccr_xml, read_naaccr_xml
from registry.formats import sources as sources_module
from registry.formats.naaccr import reader as reader_module
from registry.formats.sources import expand_sources, read_all
from tests.unit.test_naaccr_faults import document, item


def one(number: int, extra: str = "") -> bytes:
    return document(item("patientIdNumber", f"{number:08}") + extra, item("laterality", "8"))


def zipped(path: Path | io.BytesIO, files: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, data in files.items():
            archive.writestr(name, data)


def test_a_zip_file_of_one_document_is_that_document(tmp_path: Path) -> None:
    for kind in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        path = tmp_path / f"a{kind}.zip"
        zipped(
            path, {"in/": b"", "in/a.xml": one(1), "readme.txt": b"hello", "__MACOSX/in/._a.xml": b"x"}, kind
        )
        for source in (path, str(path), path.read_bytes(), io.BytesIO(path.read_bytes())):
            batch = read_naaccr_xml(source)
            assert batch.patients["patientIdNumber"].to_list() == ["00000001"]
            assert "file" not in batch.errors.columns


def test_one_document_of_several_batches_is_one(tmp_path: Path) -> None:
    root, _, rest = one(1).partition(b"<Patient")
    patient, _, end = (b"<Patient" + rest).rpartition(b"</NaaccrData>")
    data = root + patient * 6000 + b"</NaaccrData>" + end
    batches = list(iter_naaccr_xml(data, patients_per_batch=2500))
    whole = read_naaccr_xml(data)
    assert len(batches) > 2 and whole.patients["patient_index"].to_list() == list(range(6000))
    assert whole.errors["patient_index"].to_list() == list(range(6000))
    assert whole.items.height == sum(batch.items.height for batch in batches) == 12000


def test_several_documents_have_their_file_and_patients_run_on(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    zipped(
        path, {"b.xml": one(2), "a.xml.gz": gzip.compress(one(1, item("zzz", "1")), mtime=0), "c.xml": one(3)}
    )
    batch = read_naaccr_xml(path)
    names = [f"{path}!{name}" for name in ("a.xml.gz", "b.xml", "c.xml")]
    assert batch.patients.select("file", "patient_index", "patientIdNumber").rows() == [
        (names[1], 1, "00000002"),
        (names[2], 2, "00000003"),
    ]
    assert batch.quarantined.select("file", "patient_index").rows() == [(names[0], 0)]
    assert batch.errors.select("file", "patient_index", "code").rows() == [
        (names[0], 0, "unknown-id"),
        (names[0], 0, "code-list"),
        (names[1], 1, "code-list"),
        (names[2], 2, "code-list"),
    ]
    for frame in (batch.patients, batch.tumors, batch.errors, batch.quarantined, batch.items):
        assert frame.columns[0] == "file"
    assert batch.items["file"].to_list() == [names[1], names[1], names[2], names[2]]
    assert read_naaccr_xml(names[1]).patients["patientIdNumber"].to_list() == ["00000002"]
    assert read_naaccr_xml(path.read_bytes()).items.height == 4


def test_globs_and_folders(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / ".hidden").mkdir()
    for name, number in (
        ("b.xml", 2),
        ("a.xml", 1),
        ("sub/c.XML", 3),
        (".hidden/d.xml", 4),
        ("notes.txt", 5),
    ):
        (tmp_path / name).write_bytes(one(number))
    zipped(tmp_path / "d.zip", {"x.xml": one(6), "y.xml": one(7)})
    names = [str(tmp_path / name) for name in ("a.xml", "b.xml", "d.zip!x.xml", "d.zip!y.xml", "sub/c.XML")]
    assert expand_sources([tmp_path]) == names
    assert expand_sources([f"{tmp_path}/*.xml", f"{tmp_path}/a.xml"]) == names[:2]
    assert expand_sources([f"{tmp_path}/**/*.XML"]) == names[4:]
    assert expand_sources([f"{tmp_path}/none*.xml", "nowhere.xml"]) == [
        f"{tmp_path}/none*.xml",
        "nowhere.xml",
    ]
    assert read_naaccr_xml(tmp_path).patients["patientIdNumber"].to_list() == [
        f"{n:08}" for n in (1, 2, 6, 7, 3)
    ]
    assert read_naaccr_xml(f"{tmp_path}/?.xml").patients["patient_index"].to_list() == [0, 1]
    with pytest.raises(NotFound, match="there is no such file"):
        read_naaccr_xml(f"{tmp_path}/none*.xml")


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    path = tmp_path / "a[1].xml"
    path.write_bytes(one(1))
    odd = tmp_path / "a.zip!b.xml"
    odd.write_bytes(one(2))
    assert expand_sources([path, odd]) == [str(path), str(odd)]
    assert read_naaccr_xml(odd).patients["patientIdNumber"].to_list() == ["00000002"]


def test_documents_of_two_versions_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(one(1))
    (tmp_path / "b.xml").write_bytes(one(2).replace(b"-260", b"-250"))
    with pytest.raises(BadInput, match=r"b\.xml: is for NAACCR 250, the documents before it for 260"):
        read_naaccr_xml(tmp_path)


def test_an_unreadable_one_of_several_is_named(tmp_path: Path) -> None:
    zipped(tmp_path / "a.zip", {"a.xml": one(1), "b.xml": one(2)[:-5]})
    with pytest.raises(UnreadableFile, match=r"a\.zip!b\.xml:6: the file ends too early"):
        read_naaccr_xml(tmp_path / "a.zip")


def test_zip_files_that_cannot_be_used(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    zipped(path, {"a.xml": one(1)})
    good = path.read_bytes()
    encrypted = bytearray(good)
    for at in (6, good.index(b"PK\x01\x02") + 8):
        encrypted[at] |= 1
    unknown = bytearray(good)
    for at in (8, good.index(b"PK\x01\x02") + 10):
        unknown[at : at + 2] = struct.pack("<H", 77)
    damaged = bytearray(good)
    damaged[60:80] = bytes(20)
    empty = io.BytesIO()
    zipped(empty, {"sub/": b"", ".hidden": b"x"})
    for data, words in (
        (bytes(encrypted), "the zip file is encrypted"),
        (bytes(unknown), "of an unknown kind"),
        (bytes(damaged), "damaged"),
        (good[:-30], "damaged"),
        (empty.getvalue(), "holds no documents"),
    ):
        path.write_bytes(data)
        for source in (path, data):
            with pytest.raises(BadInput, match=words) as caught:
                read_naaccr_xml(source)
            assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "kind", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
@pytest.mark.parametrize("at", range(0, 900, 37))
def test_any_damage_of_a_zip_file_is_one_clear_line(kind: int, at: int) -> None:
    packed = io.BytesIO()
    zipped(packed, {"a.xml": one(1) * 3}, kind)
    data = bytearray(packed.getvalue())
    data[at % len(data)] ^= 0xFF
    try:
        read_naaccr_xml(bytes(data))
    except (BadInput, NotFound) as error:
        assert "\n" not in str(error)


def test_one_document_of_several_must_be_named(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    zipped(path, {"a.xml": one(1), "b.xml": one(2)})
    with pytest.raises(BadInput, match=r"holds 2 documents; name one, as in .*a\.zip!a\.xml"):
        read_all(path)
    with pytest.raises(NotFound, match="no such document in the zip file"):
        read_all(f"{path}!c.xml")
    with pytest.raises(BadInput, match="holds 2 documents"):
        read_naaccr_xml(io.BytesIO(path.read_bytes()))


def test_zip_bombs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources_module, "RATIO_CHECKED_FROM", 1 << 20)
    path = tmp_path / "a.zip"
    zipped(path, {"a.xml": one(1)[:200] + b" " * (8 << 20)})
    for source in (path, path.read_bytes()):
        with pytest.raises(UnreadableFile, match="unpacks to 500 times its size"):
            read_naaccr_xml(source)
    monkeypatch.setattr("registry.formats.zipped.MAX_MEMBERS", 2)
    zipped(path, {f"{n}.xml": one(n) for n in range(3)})
    with pytest.raises(BadInput, match="absurd size"):
        read_naaccr_xml(path)


def test_members_that_overlap_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    zipped(path, {"a.xml": os.urandom(5000), "b.xml": b""})
    data = bytearray(path.read_bytes())
    second = data.rindex(b"PK\x01\x02")
    data[second + 20 : second + 24] = struct.pack("<I", 6000)
    path.write_bytes(bytes(data))
    with pytest.raises(BadInput, match="absurd size"):
        read_naaccr_xml(path)


def test_damaged_gzip_is_an_unreadable_file(tmp_path: Path) -> None:
    for data, words in (
        (gzip.compress(one(1), mtime=0)[:-12], "is cut off"),
        (gzip.compress(one(1), mtime=0)[:15] + b"\xff" * 40, "is damaged"),
    ):
        with pytest.raises(UnreadableFile, match=words) as caught:
            read_naaccr_xml(data)
        assert (caught.value.code, caught.value.line) == ("not-well-formed", 1)


def test_small_files_never_import_numba_and_large_ones_say_once_that_it_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reader_module, "_fast", lambda: pytest.fail("a small file took the fast path"))
    assert read_naaccr_xml(one(1)).patients.height == 1
    monkeypatch.setattr(reader_module, "_fast", lambda: None)
    monkeypatch.setattr(reader_module, "FAST_FROM", 1 << 10)
    monkeypatch.setattr(reader_module, "COLD_FROM", 1 << 10)
    monkeypatch.setattr(reader_module, "SLOW_FROM", 1 << 12)
    monkeypatch.setattr("registry.formats.jit.available", lambda: False)
    monkeypatch.delenv("REGISTRY_NO_JIT", raising=False)
    reader_module._say_what_is_missing.cache_clear()
    large = one(1).replace(b"<Tumor>", b" " * 5000 + b"<Tumor>")
    with pytest.warns(UserWarning, match="numba is not installed"):
        assert read_naaccr_xml(large).patients.height == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_naaccr_xml(large).patients.height == 1


def test_large_documents_take_the_fast_path_with_every_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def fast(stream, name, dictionaries, patients, on_error):  # type: ignore[no-untyped-def]
        seen.append((b"".join(iter(lambda: stream.read(100), b"")), name, dictionaries, patients, on_error))
        return iter(())

    monkeypatch.setattr(reader_module, "_fast", lambda: fast)
    monkeypatch.setattr(reader_module, "FAST_FROM", 300)
    monkeypatch.setattr(reader_module, "COLD_FROM", 300)
    xml = one(1)
    assert list(iter_naaccr_xml(gzip.compress(xml, mtime=0), on_error="keep", patients_per_batch=7)) == []
    assert seen == [(xml, "<input>", [], 7, "keep")]
