"""HL7 syntax, odd messages, and faults instead of exceptions."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.errors import BadInput
from registry.formats import Hl7Batch, read_hl7
from registry.formats.hl7_syntax import Delimiters, unescape
from tests.paths import FIXTURES

HEAD = r"MSH|^~\&|LIS|HILL LAB^33D0000009^CLIA|CCR|STATE|20260211101500-0500||ORU^R01^ORU_R01|M1|P|2.5.1"
PID = "PID|1||MR7^^^LAB^MR~900112222^^^SSA^SS||DOE^ANN^B^JR^^^L~ROE^^^^^^M||19700406|F||2106-3~2054-5|1 A ST^APT 2^Troy^NY^12180-1234^USA^H^^083||^PRN^PH^^1^518^5550000|||M||||||2148-5"
OBR = "OBR|1||S26-1|60567-5^^LN|||202602100830|||||||||1000000020^DOC||||||202602111000|||F"
OBX = "OBX|1|TX|22637-3^Final diagnosis^LN|1|Nevus.||||||F"


def message(*lines: str, end: str = "\r") -> bytes:
    return (end.join(lines) + end).encode()


def row(*lines: str) -> dict[str, object]:
    return read_hl7(message(*lines)).reports.row(0, named=True)


def codes(batch: Hl7Batch) -> list[tuple[str, str]]:
    return batch.faults.select("code", "severity").rows()


def test_items_of_a_whole_message() -> None:
    found = row(HEAD, PID, OBR, OBX)
    wanted = {
        "control_id": "M1",
        "sender": "33D0000009",
        "sender_name": "HILL LAB",
        "message_time": "2026-02-11T10:15:00-05:00",
        "medicalRecordNumber": "MR7",
        "socialSecurityNumber": "900112222",
        "nameLast": "DOE",
        "nameSuffix": "JR",
        "nameBirthSurname": "ROE",
        "race1": "01",
        "race2": "02",
        "race3": None,
        "spanishHispanicOrigin": "1",
        "maritalStatusAtDx": "2",
        "addrAtDxSupplementl": "APT 2",
        "addrAtDxCity": "TROY",
        "addrAtDxPostalCode": "121801234",
        "telephone": "5185550000",
        "pathReportType1": "01",
        "pathDateSpecCollect1": "2026-02-10T08:30:00",
        "report_text": "FINAL DIAGNOSIS\nNevus.",
        "attachments": 0,
    }
    assert {name: found[name] for name in wanted} == wanted


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_any_segment_end(end: str) -> None:
    data = message(HEAD, PID, OBR, OBX, end=end)
    for whole in (
        data,
        b"\x0b" + data + b"\x1c\r",
        gzip.compress(data, mtime=0),
        data + data.replace(b"|M1|", b"|M2|"),
    ):
        batch = read_hl7(whole)
        assert set(batch.reports["final_diagnosis"]) == {"Nevus."}
        assert batch.faults.is_empty()


def test_sections_in_parts_notes_and_continuations() -> None:
    found = row(
        HEAD, PID, OBR,
        "OBX|1|TX|22637-3|2|B. Polyp.||||||F",
        "OBX|2|TX|22637-3|1|A. Nevus.~Margins clear.\nclose to the edge||||||F",
        "NTE|1||seen by a colleague",
        "OBX|3|FT|X1^Gross Description^L|1|tan\\.br\\ink \\T\\ \\X3C\\1 cm||||||F",
        "OBX|4|CWE|21^Histologic Type^CAPECC|1|8720/0^Nevus^ICDO3||||||F",
        "OBX|5|ED|PDF^^L|1|a^b^PDF^Base64^JVBE||||||F",
    )  # fmt: skip
    assert (
        found["final_diagnosis"]
        == "A. Nevus.\nMargins clear.\nclose to the edge\nseen by a colleague\nB. Polyp."
    )
    assert found["gross"] == "tan\nink & <1 cm"
    assert found["synoptic"] == "Histologic Type: 8720/0 Nevus"
    assert found["attachments"] == 1


def test_an_unescaped_separator_in_the_text_is_joined_again() -> None:
    batch = read_hl7(message(HEAD, PID, OBR, OBX.replace("Nevus.", "left | right | both")))
    assert batch.reports["final_diagnosis"].to_list() == ["left | right | both"]
    assert codes(batch) == [("field-shift", "warning")]


@pytest.mark.parametrize(
    ("old", "new", "code", "severity"),
    [
        ("ORU^R01^ORU_R01", "ADT^A01", "unsupported-message-type", "error"),
        ("|P|2.5.1", "|T|2.5.1", "test-message", "error"),
        ("|P|2.5.1", "|P|9.9", "unknown-version", "warning"),
        ("|M1|", "||", "no-control-id", "warning"),
        ("PID|1", "PIX|1", "missing-segment", "error"),
        ("OBR|1", "OBZ|1", "missing-segment", "error"),
        ("MSH|^~\\&", "MSH|^^^^", "delimiters", "error"),
        ("MSH|^~\\&|", "MSH||", "delimiters", "error"),
        ("19700406", "18420101", "birth-date", "warning"),
        ("19700406", "20270101", "birth-date", "warning"),
        ("19700406", "19701399", "birth-date", "warning"),
        ("900112222", "12", "ssn", "warning"),
        ("2106-3~", "9999-9~", "race", "warning"),
        ("S26-1", "", "no-report-number", "warning"),
        ("22637-3^Final diagnosis", "22634-0^Gross", "no-final-diagnosis", "warning"),
    ],
)
def test_odd_messages_give_faults(old: str, new: str, code: str, severity: str) -> None:
    data = message(HEAD, PID, OBR, OBX)
    assert old.encode() in data
    batch = read_hl7(data.replace(old.encode(), new.encode(), 1))
    assert codes(batch) == [(code, severity)]
    assert batch.reports.height == (severity == "warning")
    assert batch.faults.select("byte_start", "byte_length").row(0) == (0, len(data) - len(old) + len(new))


def test_one_bad_message_does_not_spoil_the_others() -> None:
    bad = message(HEAD.replace("ORU", "ORM").replace("|M1|", "|M2|"), PID)
    batch = read_hl7(b"junk\r" + message(HEAD, PID, OBR, OBX) + bad + message(HEAD, PID, OBR, OBX))
    assert batch.messages == 3 and batch.reports["message_index"].to_list() == [0, 2]
    assert codes(batch) == [("outside-message", "error"), ("unsupported-message-type", "error")]
    assert batch.faults["control_id"].to_list() == [None, "M2"]


def test_the_batch_header_names_the_sender_when_the_message_does_not() -> None:
    head = HEAD.replace("HILL LAB^33D0000009^CLIA", "")
    data = message(
        "FHS|^~\\&|L", "BHS|^~\\&|L|BIG LAB^05D0000004^CLIA", head, PID, OBR, OBX, "BTS|1", "FTS|1"
    )
    batch = read_hl7(data)
    assert batch.reports["sender"].to_list() == ["05D0000004"]
    start, length = batch.reports.select("byte_start", "byte_length").row(0)
    assert data[start : start + length] == message(head, PID, OBR, OBX)


@pytest.mark.parametrize(
    ("charset", "encoding", "guessed"),
    [
        ("UNICODE UTF-8", "utf-8", False),
        ("8859/1", "latin-1", False),
        ("", "utf-8", False),
        ("", "cp1252", True),
    ],
)
def test_character_sets(charset: str, encoding: str, guessed: bool) -> None:
    head = HEAD + "||||||" + charset
    text = "\r".join([head, PID.replace("DOE", "MÜLLER"), OBR, OBX]) + "\r"
    batch = read_hl7(text.encode(encoding))
    assert batch.reports["nameLast"].to_list() == ["MÜLLER"]
    assert codes(batch) == ([("encoding", "warning")] if guessed else [])


def test_escapes_that_are_not_known_stay() -> None:
    assert unescape("a\\Q\\b \\F\\ \\E\\ C:\\x", Delimiters()) == "a\\Q\\b | \\ C:\\x"


@pytest.mark.parametrize("data", [b"", b" \r\n", b"hello", b"<a/>", b"FHS|^~\\&|x\r"])
def test_a_file_that_is_no_hl7_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput, match=r"<input>: (the file is empty|not an HL7)"):
        read_hl7(data)


def test_the_fixture_file() -> None:
    batch = read_hl7(FIXTURES / "formats" / "reports.hl7")
    assert batch.reports["final_diagnosis"].to_list() == ["Invasive ductal carcinoma.", "Benign nevus."]
    assert batch.faults.is_empty()


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=30), st.integers(0, 600), st.integers(0, 30))
def test_damaged_messages_never_end_in_a_traceback(junk: bytes, at: int, cut: int) -> None:
    good = message(HEAD, PID, OBR, OBX)
    try:
        read_hl7(good[:at] + junk + good[at + cut :])
    except BadInput as error:
        assert "\n" not in str(error)
