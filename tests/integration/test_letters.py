"""Follow-up letters on a real database: plan, bans, printing, keeping, sending; every PDF is read back."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdf
import pytest

from registry.errors import BadInput, Conflict, Denied, NotFound
from registry.followup.letters import Press, forbidden
from registry.security.roles import Actor
from registry.service import Session
from tests.letters_world import (
    AS_OF,
    CONTACT,
    DISEASE,
    ONE,
    TWO,
    copied,
    ids,
    made,
    pages,
    placed,
    registry_of,
    said,
    somebody,
    town,
)
from tests.received import TUMOR, changed


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


ODD: list[dict[str, Any]] = [
    {"nameLast": "STREETLESS", "addrCurrentNoStreet": None},
    {"nameLast": "UNKNOWN STREET", "addrCurrentNoStreet": "UNKNOWN"},
    {"nameLast": "CITYLESS", "addrCurrentCity": None},
    {"nameLast": "STATELESS", "addrCurrentState": "ZZ", "addrCurrentPostalCode": "999999999"},
    {"nameLast": "TELLING", "addrCurrentNoStreet": "1 CANCER CENTER DRIVE"},
    {"nameLast": "山田"},
    {"nameLast": "FLAGGED", "noPatientContactFlag": "1"},
    {"nameLast": "W" + "olfeschlegelstein" * 2 + "haus", "nameFirst": "W" + "olfeschlegelstein" * 2 + "haus"},
    {"nameLast": "KREBS", "nameFirst": "HANS"},
]
ASKED: list[dict[str, str]] = [
    {"physicianFollowUp": "11111111", "physicianManaging": "22222222", "physician3": "33333333"},
    {"physicianFollowUp": "44444444"},
    {"physicianFollowUp": "55555555"},
    {"physicianFollowUp": "99999999", "npiPhysicianFollowUp": "0000000000"},
]


@pytest.fixture(scope="module")
def odd_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """People with odd addresses, names and physicians."""
    folder = tmp_path_factory.mktemp("odd")
    people = [somebody(number, "X", items=items) for number, items in enumerate(ODD, start=1)]
    people[8] = somebody(9, "X", items=ODD[8], **{**CONTACT, "followUpContactName": "TUMOR, EVA"})
    people[7] = somebody(8, "X", items=ODD[7], physicianFollowUp="11111111")
    people += [somebody(20 + number, f"ASKED{number}", "ANN", **items) for number, items in enumerate(ASKED)]
    with registry_of(folder, *people):
        return folder


@pytest.fixture
def odd(odd_base: Path, tmp_path: Path) -> Iterator[Session]:
    with copied(odd_base, tmp_path) as opened:
        yield opened


def why(session: Session, addressee: str | None = None) -> dict[str, str]:
    told = session.run("letters.prepare", as_of=AS_OF, addressee=addressee)
    return dict(told["not_written"].select("nameLast", "why").iter_rows())


def test_next_steps_become_batches_and_the_plan_writes_nothing(shared: Session) -> None:
    before = shared._store.query("SELECT count(*) FROM letter").item()
    told = shared.run("letters.prepare", as_of=AS_OF)
    assert told["counts"] == {"letters": 4, "batches": 3, "not_written": 0}
    assert told["letters"].select("nameLast", "addressee").rows() == [
        ("ALVAREZ", "physician"), ("BROOKS", "physician"), ("CHEN", "patient"), ("DIAZ", "nursing_home"),
    ]  # fmt: skip
    assert shared._store.query("SELECT count(*) FROM letter").item() == before == 0
    assert told["remarks"] == []


def test_a_physician_gets_one_pdf_with_a_list_and_a_form_for_each_patient(session: Session) -> None:
    (pdf,) = made(session, "physician")
    text = pages(pdf)
    assert len(text) == 3
    for line in ("DR SUSAN WHITTAKER", "100 CLINIC WAY", "ALBANY NY 12208-1234", "Lakeside Cancer Registry"):
        assert line in text[0], line
    assert "2 patients in your care" in text[0]
    assert text[0].index("Maria Alvarez") < text[0].index("Ann Brooks")
    assert "November 1, 2026" in text[0]
    assert "Upper-inner quadrant of breast" in text[1] or "reast" in text[1]
    assert "July 15, 2025" in text[1]
    assert "Reference 1-20261101-P" in text[1]
    letters = session.run("letters.list", reference="1-20261101-p")
    assert letters.select("nameLast", "page", "state", "recipient_name").rows() == [
        ("ALVAREZ", 2, "made", "DR SUSAN WHITTAKER")
    ]


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("addressee", ["patient", "contact", "nursing_home"])
def test_nobody_but_a_physician_reads_of_the_disease(session: Session, addressee: str, language: str) -> None:
    (pdf,) = made(session, addressee, language=language)
    everything = said(pdf)
    assert forbidden(everything) == []
    assert not [word for word in DISEASE if word.casefold() in everything.casefold()]
    assert "Lakeside Health Information" in everything
    assert "Director" not in everything  # the title says what the office is
    date = {"en": "November 1, 2026", "es": "1 de noviembre de 2026"}[language]
    assert date in everything
    batch = session.run("letters.batches").row(0, named=True)
    assert batch["file_name"].removesuffix(".pdf").replace("-", "").isdigit()


def test_letters_have_two_sides_with_the_address_where_the_window_is(session: Session) -> None:
    (pdf,) = made(session, "patient")
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    assert len(reader.pages) == 8
    # US #10 envelope: seen at any shift of the sheet from 2.5 to 3.17 in from the top and from 0.875 to 4.375 in from the
    # left; nothing else may stand between 2.04 and 3.63 in, as far as 5.375 in to the right.
    for page, line in zip(reader.pages, ("MARIA ALVAREZ", "Lakeside Health Information"), strict=False):
        shown = [each for each in placed(page) if 2.04 * 72 < each[2] < 3.63 * 72]
        assert shown[0][0] == line
        assert len(shown) >= 3
        assert all(
            0.875 * 72 <= left < 4.375 * 72 and 2.55 * 72 < top < 3.15 * 72 for _, left, top, _ in shown
        )


def test_the_same_letters_are_the_same_bytes(session: Session) -> None:
    first = {name: made(session, name) for name in ("physician", "patient", "contact", "nursing_home")}
    batches = session.run("letters.batches")
    session.run("letters.cancel", batch_ids=batches["batch_id"].to_list(), reason="printed twice")
    again = {name: made(session, name) for name in first}
    assert again == first
    kept = session._store.query("SELECT count(DISTINCT file_id), count(*) FROM letter_batch").row(0)
    assert kept == (4, 8)
    sums = session.run("letters.file", batch_id=session.run("letters.batches", state="made")["batch_id"][0])
    assert sums["sha256"] == hashlib.sha256(sums["content"]).hexdigest()


def test_nobody_dead_barred_or_flagged_gets_or_causes_a_letter(session: Session, tmp_path: Path) -> None:
    number = ids(session)
    session.run("followup.bar", patient_id=number["ALVAREZ"], reason="asked us not to write")
    session.run(
        "followup.record", patient_id=number["BROOKS"], stated_date="2026-10-01", vital_status="0", addressee="physician"
    )  # fmt: skip
    for addressee in ("physician", "patient", "contact", "nursing_home"):
        told = session.run("letters.prepare", as_of=AS_OF, addressee=addressee)
        assert {"ALVAREZ", "BROOKS"}.isdisjoint(told["letters"]["nameLast"])
        assert why(session, addressee)["ALVAREZ"] == "BARRED"
    text = " ".join(
        said(pdf) for name in ("patient", "contact", "nursing_home") for pdf in made(session, name)
    )
    assert "Alvarez" not in text
    assert "Brooks" not in text
    session.run("followup.lift_bar", patient_id=number["ALVAREZ"], reason="changed her mind")
    assert "ALVAREZ" not in why(session, "physician")


def test_item_1854_bars_letters_unless_the_switch_is_off(odd: Session) -> None:
    number = [ids(odd)["FLAGGED"]]
    assert odd.run("letters.make", as_of=AS_OF, patient_ids=number)["not_written"]["why"].to_list() == [
        "FLAG_1854"
    ]
    odd.run("settings.change", patient_contact_flag_bars_letters="no")
    assert odd.run("letters.make", as_of=AS_OF, patient_ids=number)["letters"] == 1


class Interrupted(Press):
    """A press during whose work somebody else changes the registry."""

    meanwhile: Any = None

    def pdf(self, name: str, source: str, data: Any, day: dt.date) -> Any:
        printed = super().pdf(name, source, data, day)
        act, type(self).meanwhile = type(self).meanwhile, None
        if act is not None:
            act()
        return printed


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (("followup.bar", {"reason": "telephoned"}), "BARRED"),
        (("followup.record", {"stated_date": "2026-10-20", "vital_status": "0", "addressee": "patient"}), "DEAD"),
        (("followup.record", {"stated_date": "2026-10-20", "vital_status": "1", "addressee": "patient"}), "CHANGED"),
        (("followup.consent", {"physician_id": "22222222", "given": False, "given_on": "2026-10-30"}), "CONSENT_REFUSED"),
    ],
)  # fmt: skip
def test_what_happens_while_letters_are_printed_counts(
    session: Session, monkeypatch: pytest.MonkeyPatch, what: Any, expected: str
) -> None:
    """Everything is asked again in the transaction that keeps the letters."""
    name, arguments = what
    patient = ids(session)["CHEN"]
    Interrupted.meanwhile = lambda: session.run(name, patient_id=patient, **arguments)
    monkeypatch.setattr("registry.service.letters.room.Press", Interrupted)
    told = session.run("letters.make", as_of=AS_OF, addressee="patient")
    assert dict(told["not_written"].select("nameLast", "why").iter_rows()) == {"CHEN": expected}
    assert told["letters"] == 3
    text = said(session.run("letters.file", batch_id=told["batch_ids"][0])["content"])
    assert "Chen" not in text
    assert "LI CHEN" not in text
    assert session._store.query("SELECT count(*) FROM letter WHERE patient_id = ?", [patient]).item() == 0


def test_a_kept_pdf_is_not_handed_out_once_somebody_in_it_died(session: Session) -> None:
    told = session.run("letters.make", as_of=AS_OF, addressee="patient")
    number = ids(session)["CHEN"]
    session.run(
        "followup.record", patient_id=number, stated_date="2026-10-20", vital_status="0", addressee="patient"
    )
    with pytest.raises(Conflict, match=f"patient {number} may not be written to"):
        session.run("letters.file", batch_id=told["batch_ids"][0])
    stopped = session.run("letters.check", batch_ids=told["batch_ids"])
    assert stopped.select("patient_id", "page", "why").rows() == [(number, 5, "DEAD")]
    with pytest.raises(Conflict, match="may not go out any more"):
        session.run("letters.mark_sent", batch_ids=told["batch_ids"])
    # it went out before the death was known
    noted = session.run("letters.mark_sent", batch_ids=told["batch_ids"], mailed_anyway=True)
    assert noted["since"]["why"].to_list() == ["DEAD"]


def test_consents_of_physicians(session: Session) -> None:
    number = ids(session)
    session.run("settings.change", patient_letters_need_consent="required")
    assert set(why(session, "patient").values()) == {"NO_CONSENT"}
    session.run("followup.consent", physician_id="11111111", given=True, given_on="2026-01-01")
    assert set(why(session, "patient")) == {"CHEN", "DIAZ"}  # by licence number, and by NPI
    session.run(
        "followup.consent",
        patient_id=number["BROOKS"],
        physician_id="11111111",
        given=False,
        given_on="2026-02-01",
    )
    assert why(session, "patient")["BROOKS"] == "CONSENT_REFUSED"
    session.run("settings.change", patient_letters_need_consent="not_refused")
    assert why(session, "patient") == {"BROOKS": "CONSENT_REFUSED"}
    everybody = session.run("followup.consents").sort("consent_id")["consent_id"][0]
    session.run("followup.withdraw_consent", consent_id=everybody, reason="took it back")
    assert why(session, "patient") == {"ALVAREZ": "CONSENT_REFUSED", "BROOKS": "CONSENT_REFUSED"}
    assert why(session, "contact")["ALVAREZ"] == "CONSENT_REFUSED"  # not by way of a relative either


def test_who_cannot_be_written_to_is_listed_with_the_reason(odd: Session) -> None:
    number = [ids(odd)[str(items["nameLast"])] for items in ODD[:6]]
    told = odd.run("letters.make", as_of=AS_OF, patient_ids=number)
    assert told["batch_ids"] == []
    assert told["not_written"].select("nameLast", "why").rows() == [
        ("STREETLESS", "NO_ADDRESS"), ("UNKNOWN STREET", "NO_ADDRESS"), ("CITYLESS", "NO_ADDRESS"),
        ("STATELESS", "NO_ADDRESS"), ("TELLING", "ADDRESS_WORDS"), ("山田", "LETTERS_OF_NAME"),
    ]  # fmt: skip
    assert all(told["not_written"]["reason"])


HARD = [
    '#import "x": *', '"); #panic("y")', "#{ sys.inputs }", "$ x^2 $ *bold* _it_ `raw` <label> @ref", "\\u{41} \\ //",
    "O'BRIEN-VAN DER BERG", "WOLFESCHLEGELSTEINHAUSENBERGERDORFFWELCHEVORALTERNWARENGEWISSENHAFTSCHA", "כהן", "الحسيني",
    "#eval(\"1\")", "]#[", "{{}}", "O\u202eREVERSED", "ŁÓDŹ-ĐẶNG",
]  # fmt: skip


def test_names_are_only_ever_text(tmp_path: Path) -> None:
    """Whatever a name holds, it stands in the letter as it is and does nothing."""
    people = [
        somebody(1 + number, name[:40], "MARIA", physicianFollowUp="11111111", items={"addrCurrentCity": name[:50]})
        for number, name in enumerate(HARD)
    ]  # fmt: skip
    with registry_of(tmp_path, *people) as session:
        for addressee in ("patient", "physician"):
            (pdf,) = made(session, addressee)
            text = "".join("".join(pages(pdf)).split())
            for name in (
                '#Import"X":*',
                '");#Panic("Y")',
                "$X^2$*Bold*_It_`Raw`<Label>@Ref",
                "]#[",
                "{{}}",
                "OReversed",
            ):
                assert name.casefold() in text.casefold(), name
            assert len(pypdf.PdfReader(io.BytesIO(pdf)).pages) == {"patient": 2, "physician": 1}[
                addressee
            ] * len(HARD) + (2 if addressee == "physician" else 0)


def test_a_long_name_stays_inside_the_page(odd: Session) -> None:
    """Almost 80 letters; the text ends inside the sheet."""
    number = [ids(odd)[str(ODD[7]["nameLast"])]]
    for addressee in ("patient", "physician"):
        (pdf,) = made(odd, addressee, patient_ids=number)
        for page in pypdf.PdfReader(io.BytesIO(pdf)).pages:
            right = float(page.mediabox.width) - 40
            assert all(left + 0.4 * size * len(text) < right for text, left, _, size in placed(page))


def test_a_facility_that_names_the_disease_writes_under_a_neutral_name(tmp_path: Path) -> None:
    facility = (
        f"facility_id,name,address,city,state,postal_code,contact_phone\n"
        f"{ONE},ST. MARY CANCER CENTER,5 HILL ROAD,ALBANY,NY,12208,5185550100\n"
    )
    with registry_of(
        tmp_path, somebody(1, "ALVAREZ", physicianFollowUp="11111111"), facilities=facility
    ) as session:
        told = session.run("letters.make", as_of=AS_OF, addressee="patient", facility=ONE)
        assert "neutral" in told["remarks"][0]
        text = said(session.run("letters.file", batch_id=told["batch_ids"][0])["content"])
        assert forbidden(text) == []
        assert "Health Information Office 5 HILL ROAD" in text
        assert "St. Mary Cancer Center" in said(made(session, "physician")[0])
        with pytest.raises(BadInput, match="may not stand on an envelope"):
            session.run("letters.configure", neutral_sender="Tumour Documentation Unit")
        session.run(
            "letters.configure",
            facility=ONE,
            sender="St. Mary",
            address_1="1 Oncology Plaza".replace("Oncology", "Hill"),
        )
        assert "Hill Plaza" in said(session.run("letters.preview", facility=ONE)["content"])


def test_a_senders_address_that_names_the_disease_stops_the_letters(tmp_path: Path) -> None:
    facility = f"facility_id,name,address,city,state,postal_code\n{ONE},ST. MARY,1 CANCER CENTER DRIVE,ALBANY,NY,12208\n"
    with registry_of(
        tmp_path, somebody(1, "ALVAREZ", physicianFollowUp="11111111"), facilities=facility
    ) as session:
        assert why(session, "patient") == {"ALVAREZ": "SENDER_WORDS"}
        assert why(session, "physician") == {}


def test_a_person_may_be_called_krebs(odd: Session) -> None:
    number = [ids(odd)["KREBS"]]
    assert "Dear Hans Krebs" in said(made(odd, "patient", patient_ids=number)[0])
    assert "Dear Eva Tumor" in said(made(odd, "contact", patient_ids=number)[0])


def test_sending_counts_as_an_attempt_and_never_as_contact(session: Session) -> None:
    told = session.run("letters.make", as_of=AS_OF)
    before = session._store.query(
        'SELECT patient_id, "dateOfLastContact", version FROM patient ORDER BY 1'
    ).rows()
    with pytest.raises(BadInput, match="in the future"):
        session.run("letters.mark_sent", batch_ids=told["batch_ids"], on="2026-11-02")
    noted = session.run("letters.mark_sent", batch_ids=told["batch_ids"], on="2026-11-01")
    assert (noted["batches"], noted["letters"]) == (3, 4)
    again = session.run("letters.mark_sent", batch_ids=told["batch_ids"])
    assert (again["batches"], again["letters"]) == (0, 0)
    log = session.run("followup.contacts").sort("contact_id")
    assert log.select("method", "contact_type", "outcome", "addressee", "physician_id").rows() == [
        ("letter", "attempt", "sent", "physician", "11111111"), ("letter", "attempt", "sent", "physician", "11111111"),
        ("letter", "attempt", "sent", "nursing_home", None), ("letter", "attempt", "sent", "patient", None),
    ]  # fmt: skip
    assert set(log["date_of_last_contact"]) == {None}
    assert (
        session._store.query('SELECT patient_id, "dateOfLastContact", version FROM patient ORDER BY 1').rows()
        == before
    )
    listed = session.run("followup.list", as_of=AS_OF)
    assert set(listed["attempts"]) == {1}
    assert set(listed["dateOfLastContact"]) == {"20250715"}
    assert session.run("letters.prepare", as_of=AS_OF)["counts"]["letters"] == 0
    assert set(why(session, "physician").values()) == {"WAITING", "NO_PHYSICIAN"}


def test_the_audit_trail_holds_no_contact_and_no_address(session: Session) -> None:
    for addressee in ("contact", "nursing_home"):
        made(session, addressee)
    assert session.run("letters.list", patient_id=1)["recipient_name"].to_list() == [
        "contact of MARIA ALVAREZ"
    ]
    rows = session._store.query(
        "SELECT coalesce(after_value, '') FROM audit_event WHERE entity IN ('letter', 'letter_batch', 'source_file')"
    )
    text = " ".join(rows.to_series()).casefold()
    assert "letter" in text or rows.height
    assert not [word for word in ("jose", "oak street", "elm street", "schenectady") if word in text]


def test_the_second_physician_is_asked_after_the_first(odd: Session) -> None:
    one = {"addressee": "physician", "patient_ids": [ids(odd)["ASKED0"]]}
    odd.run("letters.configure", wait_days="5")
    first = odd.run("letters.make", as_of="2026-10-01", **one)
    waits = odd.run("letters.prepare", as_of=AS_OF, **one)["not_written"]
    assert waits["why"].to_list() == ["WAITING"]  # it is made and not sent
    odd.run("letters.mark_sent", batch_ids=first["batch_ids"], on="2026-10-02")
    second = odd.run("letters.make", as_of=AS_OF, **one)
    assert second["batches"].select("recipient", "send_by").rows() == [("22222222", "email")]
    odd.run("letters.mark_sent", batch_ids=second["batch_ids"], on="2026-11-01")
    late = odd.run("letters.prepare", as_of="2026-12-24", **one)["not_written"]
    assert late.select("why", "reason").rows() == [
        ("NO_ADDRESS", "the address is missing or incomplete: physician 33333333")
    ]


def test_physicians_who_take_no_letters_or_are_not_known(odd: Session) -> None:
    found = why(odd, "physician")
    assert [found[f"ASKED{number}"] for number in (1, 2, 3)] == ["WANTS_NONE", "NO_ADDRESS", "NO_PHYSICIAN"]


def test_batches_are_found_cancelled_and_made_again(session: Session) -> None:
    first = session.run("letters.make", as_of=AS_OF, key="k1")
    assert session.run("letters.make", as_of=AS_OF, key="k1")["batch_ids"] == first["batch_ids"]
    assert session.run("letters.make", as_of=AS_OF)["batch_ids"] == []
    with pytest.raises(BadInput, match="needs a reason"):
        session.run("letters.cancel", batch_ids=first["batch_ids"], reason=" ")
    assert session.run("letters.cancel", batch_ids=first["batch_ids"], reason="wrong paper") == {
        "batches": 3,
        "letters": 4,
    }
    with pytest.raises(Conflict, match="cancelled"):
        session.run("letters.file", batch_id=first["batch_ids"][0])
    with pytest.raises(Conflict, match="cancelled"):
        session.run("letters.mark_sent", batch_ids=first["batch_ids"])
    again = session.run("letters.make", as_of=AS_OF)
    session.run("letters.mark_sent", batch_ids=again["batch_ids"])
    with pytest.raises(Conflict, match="was sent"):
        session.run("letters.cancel", batch_ids=again["batch_ids"], reason="x")
    with pytest.raises(NotFound):
        session.run("letters.file", batch_id=99)
    versions = session.run("letters.batches", state="sent")["version"].to_list()
    with pytest.raises(Conflict, match="somebody else"):
        session.run(
            "letters.mark_sent", batch_ids=again["batch_ids"], expected_versions=[v - 1 for v in versions]
        )


def test_the_letters_of_a_facility_are_its_own(tmp_path: Path) -> None:
    theirs = somebody(2, "BROOKS", "ANN", reportingFacility=TWO)
    shared = changed(TUMOR, reportingFacility=TWO, accessionNumberHosp="202377777", medicalRecordNumber="X1")
    dead_there = (changed(somebody(1, "ALVAREZ")[0], patientIdNumber="900", vitalStatus="0"), [shared])
    with registry_of(tmp_path, somebody(1, "ALVAREZ"), theirs, somebody(3, "CHEN", "LI")) as session:
        anna = session.as_actor(Actor("anna", "registrar", frozenset({ONE})))
        ben = session.as_actor(Actor("ben", "registrar", frozenset({TWO})))
        both = session.as_actor(Actor("cora", "registrar", frozenset({ONE, TWO})))
        assert anna.run("letters.prepare", as_of=AS_OF)["letters"]["nameLast"].to_list() == [
            "ALVAREZ",
            "CHEN",
        ]
        batch = anna.run("letters.make", as_of=AS_OF)["batch_ids"][0]
        listed = anna.run("letters.list").select("nameLast", "recipient_name").rows()
        assert listed == [("ALVAREZ", "MARIA ALVAREZ"), ("CHEN", "LI CHEN")]
        assert ben.run("letters.batches").is_empty()
        assert ben.run("letters.list").is_empty()
        for name, more in (("file", {"batch_id": batch}), ("mark_sent", {"batch_ids": [batch]}),
                           ("cancel", {"batch_ids": [batch], "reason": "x"}), ("check", {"batch_ids": [batch]})):  # fmt: skip
            with pytest.raises(NotFound):
                ben.run(f"letters.{name}", **more)
        with pytest.raises(NotFound):
            ben.run("letters.set_language", patient_id=1, language="es")
        with pytest.raises(BadInput, match="several facilities"):
            both.run("letters.prepare", as_of=AS_OF)
        with pytest.raises(Denied):
            anna.run("letters.configure", sender="Mine")
        with pytest.raises(Denied):
            anna.run("letters.set_template", addressee="patient", language="en", content="x")
        anna.run("letters.cancel", batch_ids=[batch], reason="again")
        from tests.received import write

        session.run("ingest.file", path=write(tmp_path / "dead.xml", dead_there))
        held = anna.run("letters.prepare", as_of=AS_OF, addressee="patient")["not_written"]
        # What another facility reported stops the letter; what it was stays there.
        assert held.select("nameLast", "why", "reason").rows() == [
            ("ALVAREZ", "CENTRAL", "central staff hold contact back")
        ]
