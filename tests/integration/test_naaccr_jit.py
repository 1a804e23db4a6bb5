"""The compiled scanner where compiling is hard: no home, nothing writable, switched off, numba missing."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from registry.formats import jit
from tests.paths import ROOT

PATIENT = (
    "<Patient>\n<Item naaccrId='nameLast'>O&amp;M</Item>\n<Tumor>\n"
    '<Item naaccrId="primarySite">C504</Item>\n<Item naaccrId="laterality">7</Item>\n</Tumor>\n</Patient>\n'
)
EVERYDAY = PATIENT.replace("'", '"')
START = (
    '<?xml version="1.0"?>\n<NaaccrData baseDictionaryUri="http://naaccr.org/naaccrxml/naaccr-dictionary-260.xml" '
    'recordType="A" specificationVersion="1.8" xmlns="http://naaccr.org/naaccrxml">\n'
)
SCRIPT = """
import json, os, sys, warnings
sys.path.insert(0, sys.argv[1])
if "block" in sys.argv[3:]:
    sys.modules["numba"] = None
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    from registry.formats import jit, read_naaccr_xml
    from registry.formats.naaccr import reader
    reader.SLOW_FROM = reader.FAST_FROM = reader.COLD_FROM = 1 << 12
    data = [read_naaccr_xml(sys.argv[2]) for _ in range(2)][1]
print(json.dumps({
    "available": jit.available(), "folder": jit.cache_folder() if jit.available() else None,
    "scanned": "registry.formats.naaccr.kernel" in sys.modules,
    "said": [str(one.message) for one in said if "numba" in str(one.message)],
    "digest": [data.patients.hash_rows().sum(), data.tumors.hash_rows().sum(), data.errors.hash_rows().sum(), data.items.hash_rows().sum()],
    "heights": [data.patients.height, data.tumors.height, data.errors.height, data.items.height],
}))
"""


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A document with both kinds of patients."""
    file = tmp_path_factory.mktemp("documents") / "a.xml.gz"
    file.write_bytes(
        gzip.compress((START + EVERYDAY * 60 + PATIENT + EVERYDAY * 60 + "</NaaccrData>").encode())
    )
    return file


def read(document: Path, *words: str, package: Path = ROOT, **environment: str) -> dict[str, Any]:
    """What a fresh process says after reading a document twice, with only these variables set."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-B", "-c", SCRIPT, str(package), str(document), *words],
        env=kept | environment,
        cwd=document.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture(scope="module")
def expected(document: Path) -> dict[str, Any]:
    """The reference path's answer."""
    found = read(document, REGISTRY_NO_JIT="1")
    assert not found["available"] and not found["scanned"] and found["said"] == []
    assert found["heights"] == [121, 121, 121, 363]
    return found


needs_numba = pytest.mark.skipif(not jit.available(), reason="numba is not installed, or switched off")


@needs_numba
def test_compiled_code_is_kept_in_the_folder_of_the_user(
    document: Path, expected: dict[str, Any], tmp_path: Path
) -> None:
    found = read(document, HOME=str(tmp_path))
    assert found["scanned"] and found["digest"] == expected["digest"]
    assert Path(found["folder"]).is_relative_to(tmp_path / ".cache" / "cancer-registry")
    kept = sorted(Path(found["folder"]).rglob("*kernel.scan*.nbc"))
    assert kept
    stamps = [file.stat().st_mtime_ns for file in kept]
    assert read(document, HOME=str(tmp_path))["digest"] == expected["digest"]
    assert [file.stat().st_mtime_ns for file in kept] == stamps


@needs_numba
@pytest.mark.slow
def test_without_home_and_without_a_writable_place_it_compiles_each_time(
    document: Path, expected: dict[str, Any], tmp_path: Path
) -> None:
    package = tmp_path / "package"
    shutil.copytree(ROOT / "registry", package / "registry", ignore=shutil.ignore_patterns("__pycache__"))
    for path in [package, *package.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    nowhere = "/dev/null/nothing" if os.name == "posix" else "Z:\\nothing"
    try:
        found = read(document, package=package, HOME=nowhere, XDG_CACHE_HOME=nowhere)
        assert found["scanned"] and found["folder"] is None and found["digest"] == expected["digest"]
        assert not list(package.rglob("*.nbc"))
    finally:
        for path in [package, *package.rglob("*")]:
            path.chmod(0o755)


def test_without_numba_it_reads_by_the_reference_path_and_says_so_once(
    document: Path, expected: dict[str, Any]
) -> None:
    found = read(document, "block")
    assert not found["available"] and not found["scanned"]
    assert len(found["said"]) == 1 and found["digest"] == expected["digest"]
