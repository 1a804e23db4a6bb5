"""Zip files: nothing in them is passed over in silence."""

from __future__ import annotations

import gzip
import io
import warnings
import zipfile
from pathlib import Path

import pytest

from registry.errors import BadInput
from registry.formats import read_naaccr_xml
from registry.formats.sources import expand_sources, read_all
from tests.unit.test_naaccr_sources import one

NUMBERS = ["00000001", "00000002", "00000003"]


def zipped(*members: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")  # of members with the same name
        for name, data in members:
            archive.writestr(name, data)
    return packed.getvalue()


def test_members_of_the_same_name_are_all_read(tmp_path: Path) -> None:
    path = tmp_path / "dup.zip"
    path.write_bytes(zipped(("a.xml", one(1)), ("a.xml", one(2)), ("b.xml", one(3))))
    names = [f"{path}!{name}" for name in ("a.xml", "a.xml#2", "b.xml")]
    assert expand_sources([path]) == names
    assert read_all(names[0]) == one(1)
    assert read_all(names[1]) == one(2)
    assert read_naaccr_xml(path).patients.select("file", "patientIdNumber").rows() == list(
        zip(names, NUMBERS, strict=True)
    )
    assert read_naaccr_xml(path.read_bytes()).patients["patientIdNumber"].to_list() == NUMBERS


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("more.txt", one(2)),
        ("more", b"\xef\xbb\xbf" + one(2)),
        ("more.XML.GZIP", gzip.compress(one(2), mtime=0)),
        ("more.dat", one(2).decode().replace('encoding="UTF-8"', "").encode("utf-16")),
    ],
)
def test_a_document_under_another_name_is_read(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped(("a.xml", one(1)), (name, data)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_naaccr_xml(path).patients["patientIdNumber"].to_list() == NUMBERS[:2]


def test_what_is_passed_over_is_said(tmp_path: Path) -> None:
    inner = zipped(("b.xml", one(2)))
    path = tmp_path / "a.zip"
    page = b"<html><body>about the file</body></html>"
    path.write_bytes(zipped(("a.xml", one(1)), ("b.zip", inner), ("x/page.html", page), (".hidden", b"")))
    said = "not read, as it is no NAACCR XML: b.zip, x/page.html$"
    for source in (path, path.read_bytes(), io.BytesIO(path.read_bytes())):
        with pytest.warns(UserWarning, match=said):
            assert read_naaccr_xml(source).patients["patientIdNumber"].to_list() == NUMBERS[:1]
    with pytest.raises(BadInput, match=r"b\.zip in it is a zip file itself; unpack it first"):
        read_all(f"{path}!b.zip")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (zipped(), "this zip file holds no documents; send it again"),
        (zipped(("readme.txt", b"hello")), "this zip file holds no documents; send it again"),
        (zipped(("b.zip", zipped(("b.xml", one(2))))), "no documents; unpack it first, it holds b.zip"),
    ],
)
def test_a_zip_file_without_documents_says_so(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    for source in (path, data):
        with pytest.raises(BadInput, match=said):
            read_naaccr_xml(source)


def test_a_zipped_table_is_still_a_table() -> None:
    assert read_all(zipped(("cases.csv", b"column\n"))) == b"column\n"


def test_endings_in_capitals_and_names_without_one_can_be_named(tmp_path: Path) -> None:
    for name in ("A.ZIP", "sent"):
        path = tmp_path / name
        path.write_bytes(zipped(("a.xml", one(1)), ("b!.xml", one(2))))
        assert [read_all(each) for each in expand_sources([path])] == [one(1), one(2)]


def test_a_source_that_is_none_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(one(1))
    with (
        path.open(encoding="utf-8") as text,
        pytest.raises(BadInput, match='is open as text; open it with mode "rb"'),
    ):
        read_naaccr_xml(text)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="cannot be read from NoneType; give a path, bytes or a binary stream"):
        read_naaccr_xml(None)  # type: ignore[arg-type]
