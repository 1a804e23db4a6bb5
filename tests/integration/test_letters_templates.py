"""Templates of letters, previews, settings and the command, on a real database."""

from __future__ import annotations

import io
import stat
from collections.abc import Iterator
from pathlib import Path

import pypdf
import pytest

from registry.errors import BadInput, Conflict
from registry.followup.letters import forbidden
from registry.service import Session
from tests.letters_world import AS_OF, copied, ids, made, said, town


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return town(tmp_path_factory.mktemp("base"))


@pytest.fixture
def session(base: Path, tmp_path: Path) -> Iterator[Session]:
    with copied(base, tmp_path) as opened:
        yield opened


@pytest.fixture(scope="module")
def shared(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """For tests that change nothing."""
    with copied(base, tmp_path_factory.mktemp("shared")) as opened:
        yield opened


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Dear cancer patient", 'says "cancer"'),
        ("Registro de Cáncer", 'says "cancer"'),
        ("Your tumour was", 'says "tumour"'),
        ("Ihre Krebserkrankung", 'says "krebs"'),
        ("您的肿瘤", 'says "肿瘤"'),
        ("c a n c e r", 'says "cancer"'),
        ("can\u00adcer", 'says "cancer"'),
        ('#("can" + "cer")', 'prints "cancer"'),
        ('#import "@preview/x:1.0.0": *', "import"),
        ('#read("/etc/passwd")', "file not found"),
        ("#d.letters.at(0).disease", "does not contain key"),
        ("#while true {}", "line 1: condition is always true"),
        ("nobody is written to", "begin every letter once"),
        ("#unclosed(", "line 1"),
    ],
)
def test_bad_templates_are_refused_in_one_line(shared: Session, content: str, message: str) -> None:
    with pytest.raises(BadInput) as refused:
        shared.run("letters.set_template", addressee="patient", language="en", content=content)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
    assert shared.run("letters.templates").filter(template="patient", language="en")["own"].to_list() == [
        False
    ]


def test_a_registrys_own_template(session: Session) -> None:
    own = session.run("letters.template", addressee="patient", language="en")["content"].replace(
        "Dear", "Hello"
    )
    kept = session.run(
        "letters.set_template", addressee="patient", language="en", content=own, expected_version=0
    )
    assert kept["version"] == 1
    assert "Hello Li Chen" in said(made(session, "patient")[0])
    with pytest.raises(Conflict):
        session.run(
            "letters.set_template", addressee="patient", language="en", content=own, expected_version=0
        )
    session.run("letters.set_template", addressee="patient", language="en")
    assert "Dear" in said(session.run("letters.preview")["content"])
    new = session.run("letters.template", addressee="contact", language="en")["content"].replace(
        "Dear", "Kính gửi"
    )
    session.run("letters.set_template", addressee="contact", language="vi", content=new)
    (pdf,) = made(session, "contact", language="vi")
    assert "Kính gửi Jose Alvarez" in said(pdf)
    assert "2026-11-01" in said(pdf)


def test_previews(shared: Session) -> None:
    for addressee in ("physician", "nursing_home", "patient", "contact"):
        shown = shared.run("letters.preview", addressee=addressee, language="es", format="png")
        assert all(page.startswith(b"\x89PNG") for page in shown["pages"])
        assert not forbidden(shown["name"])
    with pytest.raises(BadInput, match=r"there is no template patient\.xx"):
        shared.run("letters.preview", addressee="patient", language="xx")


def test_a4(session: Session) -> None:
    session.run("letters.configure", paper="a4")
    page = pypdf.PdfReader(io.BytesIO(made(session, "patient")[0])).pages[0]
    assert round(float(page.mediabox.height) / 72 * 25.4) == 297
    with pytest.raises(BadInput, match="none of us-letter, a4"):
        session.run("letters.configure", paper="b5")


def test_the_command_writes_files_for_its_owner_alone(session: Session, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from registry.cli.letters import letters

    session._store.close()
    (tmp_path / "key").write_text(__import__("tests.received", fromlist=["KEY"]).KEY)
    base = ["--db", str(tmp_path / "r.duckdb"), "--key-file", str(tmp_path / "key"), "--quiet"]
    out = tmp_path / "letters"

    def run(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(letters, [*words, *base], standalone_mode=False)
        assert done.exception is None, done.exception
        assert (done.return_value or 0) == code
        return done.output

    assert "4 letters in 3 batches" in run("--as-of", AS_OF)
    assert not out.exists()
    assert "4 letters made; 3 files" in run("--as-of", AS_OF, "--out", str(out))
    files = sorted(out.iterdir())
    assert [path.name for path in files] == [f"20261101-{number:06}.pdf" for number in (1, 2, 3)]
    assert {stat.S_IMODE(path.stat().st_mode) for path in (out, *files)} == {0o700, 0o600}
    before = [path.read_bytes() for path in files]
    assert "0 letters made; 3 files" in run("--as-of", AS_OF, "--out", str(out))
    assert [path.read_bytes() for path in sorted(out.iterdir())] == before
    assert "4 letters noted as mailed" in run("--mark-sent", "1", "2", "3")
    assert "sent" in run("--batches")
    assert "sender" in run("--set", "wait_days=10")


def test_languages_of_patients(session: Session) -> None:
    session.run("letters.set_language", patient_id=ids(session)["DIAZ"], language="es")
    told = session.run("letters.prepare", as_of=AS_OF, addressee="patient")
    assert told["batches"].select("language", "letters").rows() == [("en", 3), ("es", 1)]
    assert (
        session.run("letters.prepare", as_of=AS_OF, addressee="patient", language="es")["batches"].height == 1
    )
    assert set(
        session.run("letters.prepare", as_of=AS_OF, addressee="patient", language="fr")["not_written"]["why"]
    ) == {"NO_TEMPLATE"}


def test_a_reply_answers_the_letter(session: Session) -> None:
    told = session.run("letters.make", as_of=AS_OF, addressee="patient")
    session.run("letters.mark_sent", batch_ids=told["batch_ids"])
    letter = session.run("letters.list", reference="3-20261101-T").row(0, named=True)
    session.run(
        "followup.record", patient_id=3, letter_id=letter["letter_id"], postmark="2026-11-01", vital_status="1",
        addressee="patient",
    )  # fmt: skip
    after = session.run("letters.list", reference="3-20261101-T").row(0, named=True)
    assert (after["state"], after["contact_id"] is not None) == ("answered", True)
