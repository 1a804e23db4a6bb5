"""Letters without a database: words that may not be said, names and days, consents, the press and its walls."""

from __future__ import annotations

import datetime as dt
import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.errors import BadInput
from registry.followup.letters import Consents, Facts, Press, Rules, content, forbidden, plan, trial, wording
from registry.followup.letters.printing import TemplateError, packaged

DAY = dt.date(2026, 11, 1)
SENDER = content.Sender("Lakeside", "", ("1 Road", "Albany, NY 12207"), "(518) 555-0142")

SAID = """
en | Tumor Registry; Cancer Center; oncologist; neoplasms; leukemia; malignant; breast clinic; your diagnosis
es | registro de cáncer; tumores; oncología; leucemia; quimioterapia; diagnóstico; maligno
fr | centre du cancer; tumeur; leucémie; chimiothérapie; oncologue
de | Krebsregister; Tumorzentrum; Onkologie; Geschwulst; Leukämie; Karzinom
pt | câncer; cancro; tumores; oncológico
it | tumore; cancro; oncologia; leucemia
pl | nowotwór; rak; onkologia
vi | ung thư; UNG THƯ
tl | kanser
ht | kansè
tr | kanser; onkoloji
ru | рак; опухоль; онкология; злокачественный
zh | 癌症; 肿瘤; 腫瘤; 白血病
ko | 암; 종양
ar | سرطان; ورم
he | סרטן; אונקולוגיה
fa | سرطان
hi | कैंसर
th | มะเร็ง
el | καρκίνος; ογκολογία
"""
INNOCENT = [
    "Dear Maria Alvarez, once a year we write to people who have been cared for with us.", "a cerulean sky",
    "Rakesh Onassis", "Frakes Road", "Tuma Ridge", "Oklahoma City", "10 Candor Lane", "Wormwood", "Onkel Tom", "Neopolis",
    "Estimada señora, una vez al año escribimos", "The doctor, hospital or clinic", "рака́та".replace("рака", "рок"),
]  # fmt: skip


@pytest.mark.parametrize("line", SAID.strip().splitlines(), ids=lambda line: line.split(" |")[0])
def test_words_of_the_disease_are_found_in_every_language(line: str) -> None:
    for word in line.partition("|")[2].split(";"):
        for form in (
            word.strip(),
            word.strip().upper(),
            f"x: {word.strip()}.",
            unicodedata.normalize("NFD", word),
        ):
            assert forbidden(form), form


@pytest.mark.parametrize("text", INNOCENT)
def test_other_words_are_not(text: str) -> None:
    assert forbidden(text) == []


@pytest.mark.parametrize(
    "hidden",
    ["can\u00adcer", "c\u200ba\u200bn\u200bc\u200be\u200br", "C.A.N.C.E.R", "ｃａｎｃｅｒ", "c-a-n-c-e-r"],
)
def test_words_taken_apart_are_found(hidden: str) -> None:
    assert forbidden(hidden) == ["cancer"]


@pytest.mark.parametrize(("addressee", "language"), sorted(packaged()))
def test_packaged_templates_say_nothing_they_may_not(addressee: str, language: str) -> None:
    with Press() as press:
        printed = trial.check_template(
            press, addressee, language, packaged()[addressee, language], SENDER, "a4"
        )
        again = press.pdf(
            "x", packaged()[addressee, language], trial.sample(addressee, language, SENDER, "a4"), trial.DAY
        )
    assert printed == again
    assert forbidden(packaged()[addressee, language]) == [] or addressee == "physician"


@given(st.text(max_size=80))
@settings(max_examples=300, deadline=None)
def test_clean_text_is_one_line_without_control_and_direction(text: str) -> None:
    cleaned = wording.clean(text)
    assert cleaned == wording.clean(cleaned)
    assert not [
        c for c in cleaned if unicodedata.category(c) in ("Cc", "Cs") or c in "\u202a\u202e\u2066\u2069"
    ]
    assert cleaned == cleaned.strip()


@given(
    st.text(
        st.characters(min_codepoint=32, max_codepoint=0x17F, exclude_categories=["Cc", "Cf"]),
        min_size=1,
        max_size=70,
    )
)
@settings(max_examples=25, deadline=None)
def test_any_name_can_be_printed(press_of_all: Press, name: str) -> None:
    """Whatever a name says, it is text: the page count stays, nothing is run."""
    data = trial.sample("patient", "en", SENDER, "us-letter")
    data["letters"] = [
        {
            **data["letters"][0],
            "name": wording.clean(name) or "x",
            "window": [wording.clean(name) or "x", "1 ROAD"],
        }
    ]
    printed = press_of_all.pdf("patient.en", packaged()["patient", "en"], data, DAY)
    assert (printed.starts, printed.pages) == ((1,), 2)


@pytest.fixture(scope="module")
def press_of_all() -> Any:
    with Press() as press:
        yield press


WALLS = {
    '#read("/etc/hostname")': "file not found",
    '#read("../../etc/hostname")': "escape",
    '#image("/etc/hostname")': "file not found",
    '#let x = "@preview/cetz:0.3.0"\n#import x: *': "failed to download package",
    '#plugin("x.wasm")': "file not found",
    "#sys.inputs.key": "does not contain key",
}


@pytest.mark.parametrize("source", WALLS)
def test_the_press_reaches_nothing_but_its_data(press_of_all: Press, source: str) -> None:
    with pytest.raises(TemplateError) as refused:
        press_of_all.pdf("x", source, trial.sample("patient", "en", SENDER, "a4"), DAY)
    assert WALLS[source] in refused.value.words
    assert "etc" not in str(refused.value)  # the line for people quotes nothing that was printed


def test_a_template_that_does_not_end_is_ended() -> None:
    with Press(seconds=2) as press, pytest.raises(BadInput, match="did not come to an end"):
        press.pdf("x", "#for i in range(100000000) { [a] }", trial.sample("patient", "en", SENDER, "a4"), DAY)


def test_the_press_starts_again_after_its_process_died() -> None:
    data = trial.sample("patient", "en", SENDER, "a4")
    with Press() as press:
        first = press.pdf("patient.en", packaged()["patient", "en"], data, DAY)
        process = press._start()
        process.kill()
        process.wait()
        with pytest.raises(BadInput):
            press.pdf("patient.en", packaged()["patient", "en"], data, DAY)
        assert press.pdf("patient.en", packaged()["patient", "en"], data, DAY) == first


def row(**items: Any) -> dict[str, Any]:
    return {
        "patient_id": 7, "nameLast": "ALVAREZ", "nameFirst": "MARIA", "addrCurrentNoStreet": "1 ROAD",
        "addrCurrentCity": "ALBANY", "addrCurrentState": "NY", "addrCurrentPostalCode": "12207", **items,
    }  # fmt: skip


def verdict(
    row: dict[str, Any], addressee: str | None = "patient", facts: Facts | None = None, **rules: Any
) -> str:
    known = facts or Facts(
        {}, {}, Consents([], DAY), templates={"patient": ["en"], "contact": ["en"], "nursing_home": ["en"]}
    )
    letters, nobody = plan(iter([row]), known, Rules(DAY, **rules), addressee)
    assert len(letters) + len(nobody) == 1  # one verdict a patient
    return letters[0].addressee if letters else nobody[0].why


def test_next_steps() -> None:
    for step, expected in (
        ("patient_letter", "patient"), ("physician_letter", "NO_TEMPLATE"), ("contact_letter", "NO_CONTACT"),
        ("phone", "OTHER_STEP"), ("lost", "OTHER_STEP"), ("registry_only", "OTHER_STEP"),
    ):  # fmt: skip
        assert verdict(row(nextSource=step), None) == expected, step
    assert verdict(row(nextSource="patient_letter", nextSourceFrom=dt.date(2026, 11, 2)), None) == "NOT_YET"
    assert verdict(row(nextSource="patient_letter", nextSourceFrom=DAY), None) == "patient"
    for months, expected in ((12, "NOT_YET"), (13, "patient"), (None, "patient")):
        assert verdict(row(nextSource="passive_visits", monthsSinceContact=months), None) == expected
    home = row(nextSource="patient_letter", addrCurrentSupplementl="OAKS NURSING HOME")
    assert verdict(home, None, institution_words=("nursing home",)) == "nursing_home"
    with pytest.raises(BadInput, match="no addressee"):
        verdict(row(), "neighbour")


def test_an_envelope_shows_no_telling_line() -> None:
    letters, _ = plan(
        iter([row(addrCurrentSupplementl="TUMOR WARD 3")]), Facts({}, {}, Consents([], DAY), templates={"patient": ["en"]}),
        Rules(DAY), "patient",
    )  # fmt: skip
    assert letters[0].window == ("MARIA ALVAREZ", "1 ROAD", "ALBANY NY 12207")
    assert (
        verdict(row(addrCurrentCity="KREBS")) == "ADDRESS_WORDS"
    )  # a town in Oklahoma: better written by hand
    assert verdict(row(), sender_may=False) == "SENDER_WORDS"


def test_data_of_other_letters_hold_no_diagnosis() -> None:
    """What is not in the data cannot be printed, whatever a template tries."""
    for addressee in ("patient", "contact", "nursing_home"):
        printed = json.dumps(trial.sample(addressee, "en", SENDER, "a4"))
        assert "tumors" not in printed
        assert forbidden(printed.replace("plain", "")) == []
    assert "Infiltrating duct carcinoma" in json.dumps(trial.sample("physician", "en", SENDER, "a4"))


CONSENT = {"valid_until": None, "withdrawn_at": None, "patient_id": None, "physician_id": "A", "given": True, "consent_id": 1,
           "given_on": dt.date(2026, 1, 1)}  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], "none"),
        ([{}], "given"),
        ([{"given_on": dt.date(2026, 11, 2)}], "none"),
        ([{"valid_until": dt.date(2026, 10, 31)}], "none"),
        ([{"valid_until": DAY}], "given"),
        ([{}, {"given": False, "given_on": dt.date(2026, 2, 1)}], "refused"),
        ([{"given": False}, {"given_on": dt.date(2026, 2, 1)}], "given"),
        ([{}, {"given": False, "consent_id": 2}], "refused"),
        ([{"given": False}, {"patient_id": 7}], "given"),
        ([{}, {"patient_id": 7, "physician_id": "B", "given": False}], "refused"),
        ([{}, {"patient_id": 8, "given": False}], "given"),
        ([{"withdrawn_at": dt.datetime(2026, 3, 1)}], "refused"),
        ([{"withdrawn_at": dt.datetime(2026, 3, 1)}, {"given_on": dt.date(2026, 4, 1)}], "given"),
        ([{"given": False, "withdrawn_at": dt.datetime(2026, 3, 1)}], "none"),
        ([{"physician_id": "stranger", "given": False}], "none"),
    ],
)
def test_consents(rows: list[dict[str, Any]], expected: str) -> None:
    for order in (rows, rows[::-1]):
        assert Consents([{**CONSENT, **each} for each in order], DAY).of(7, ["A", "C"]) == expected
