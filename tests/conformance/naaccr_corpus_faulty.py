"""Readable documents with faults: each with the exact set of what is wrong, where, and what is still loaded."""

from __future__ import annotations

from tests.conformance.naaccr_corpus_base import (
    ANY,
    NS,
    Case,
    Fault,
    case,
    doc,
    fault,
    item,
    items,
    one,
    user_dictionary,
)
from tests.conformance.naaccr_corpus_legal import ANN, ONE, PLAIN, SITE, TWO, U1, U2

X = 'xmlns:x="urn:x"'


def header(name: str, text: str, *codes: str, rows: object = PLAIN) -> Case:
    """Faults of the root element; the items load."""
    return case(name, text, rows, [fault("root", "", "", code) for code in codes])  # type: ignore[arg-type]


def judged(name: str, naaccr_id: str, written: str, *codes: str, read: str | None = None, place: str = "1.1",
           **how: str | None) -> Case:  # fmt: skip
    """One value with these faults; it is kept as it is (`read`, when entities or line ends differ)."""
    value = written if read is None else read
    text = f"«v»{item(naaccr_id, written)}"
    whole = (
        one(text, **how) if place == "1.1" else one(SITE, text, **how) if place == "1" else doc(text, **how)
    )  # type: ignore[arg-type]
    rest = items("1.1", primarySite="C504") if place == "1" else []
    blank = not value.strip(" \t\r\n")
    rows = [*([] if blank else items(place, (naaccr_id, value))), *rest]
    return case(name, whole, rows, [fault("v", place, naaccr_id, code, value) for code in codes])


def shut(name: str, bad: str, *faults: Fault, users: str = "", dictionaries: list[str] = [],  # noqa: B006
         spec: str = "1.8") -> Case:  # fmt: skip
    """A faulty second patient between two good ones: only the good ones load."""
    body = f"<Patient>{ANN}<Tumor>{SITE}</Tumor></Patient>\n{bad}\n<Patient>{ANN}</Patient>"
    rows = [*PLAIN, *items("3", nameLast="Doe")]
    return case(name, doc(body, extra=f" {X}", users=users, spec=spec), rows, faults, quarantined=[2], patients=3,
                dictionaries=dictionaries)  # fmt: skip


def _header() -> list[Case]:
    def text(**how: str | None) -> str:
        return one(SITE, ANN, **how)

    root_type = doc(f"«i»{item('recordType', 'I')}")
    root_version = doc(f"«i»{item('naaccrRecordVersion', '250')}")
    plain = text(xmlns="")
    times = [
        "yesterday", "2026-02-30T12:00:00Z", "2026-01-05", "2026-01-05T25:00:00Z", "2026-01-05T12:00Z", "20260105",
        "2026-01-05T12:00:00+14:01", "2026-13-05T12:00:00Z", "2026-01-05 12:00:00", "2023-02-29T00:00:00", "26-01-05T12:00:00",
    ]  # fmt: skip
    return [
        header("no namespace", plain, "namespace"),
        header("record type missing", text(kind=None), "record-type"),
        header("record type unknown", text(kind="Z"), "record-type"),
        header("record type in small letters", text(kind="a"), "record-type"),
        header("specification version unknown", text(spec="9.9"), "specification-version"),
        header("specification version no number", text(spec="new"), "specification-version"),
        *[header(f"time generated {time}", text(time=time), "time-generated") for time in times],
        header("time generated empty", text(time=None, extra=' timeGenerated=""'), "time-generated"),
        header("user dictionary not given", text(users=U1), "user-dictionary"),
        header("two user dictionaries not given", text(users=f"{U1} {U2}"), "user-dictionary", "user-dictionary"),
        header("root attribute unknown", text(extra=' sender="A"'), "unexpected-attribute"),
        header("two root attributes unknown", text(extra=' sender="A" baseDictionaryURI="b"'), "unexpected-attribute",
               "unexpected-attribute"),
        header("everything at once", text(kind=None, spec="0", time="x", users=U2, extra=' a="1"'), "record-type",
               "specification-version", "time-generated", "user-dictionary", "unexpected-attribute"),
        header("a header over several lines", text(kind="Q").replace(" recordType", "\n  recordType"), "record-type"),
        case("root item recordType differs", root_type, items("", recordType="I"),
             [fault("i", "", "recordType", "record-type")]),
        case("root item naaccrRecordVersion differs", root_version, items("", naaccrRecordVersion="250"),
             [fault("i", "", "naaccrRecordVersion", "base-dictionary")]),
        case("dictionary of another version", one(item("myCode", "07"), users=U1), items("1.1", myCode="07"),
             [fault("root", "", "", "user-dictionary")],
             dictionaries=[user_dictionary(U1, "myCode 95001 2 Tumor", version="250")]),
    ]  # fmt: skip


def _values() -> list[Case]:
    return [
        judged("too long: text", "nameLast", "x" * 41, "too-long", place="1"),
        judged("too long: letters beyond the first plane", "nameLast", "😀" * 41, "too-long", place="1"),
        judged("too long: long text", "textRemarks", "line\n" * 2000, "too-long", "trailing-space"),
        judged("too long: a megabyte", "textRemarks", "0123456789" * 100_000, "too-long"),
        judged("too long: digits, not in the list", "laterality", "12", "too-long", "code-list"),
        judged("too long at the root", "registryId", "12345678901", "too-long", place=""),
        judged("too short: digits", "tumorRecordNumber", "1", "too-short"),
        judged("too short: mixed", "rxSummSurgPrimSite2023", "A20", "too-short"),
        judged("too short: alpha, not in the list", "addrAtDxState", "N", "too-short", "code-list"),
        judged("too short: digits of a patient", "patientIdNumber", "1", "too-short", place="1"),
        judged("data type: digits", "tumorRecordNumber", "A1", "data-type"),
        judged("data type and too short", "tumorRecordNumber", "A", "data-type", "too-short"),
        judged("data type and too long", "tumorRecordNumber", "1.5", "data-type", "too-long"),
        judged("data type: other digits", "tumorRecordNumber", "٠١", "data-type"),
        judged("data type: mixed in small letters", "rxSummSurgPrimSite2023", "a200", "data-type"),
        judged("data type: number", "geocodingAccuracyScore", "1.", "data-type"),
        judged("data type: negative number", "geocodingAccuracyScore", "-1", "data-type"),
        judged("data type: alpha and list", "addrAtDxState", "ny", "data-type", "code-list"),
        judged("data type: digits and list", "sexAssignedAtBirth", "F", "data-type", "code-list", place="1"),
        judged("data type: date and time", "pathDateSpecCollect1", "yesterday", "data-type"),
        judged("data type: date in words", "dateOfDiagnosis", "unknown", "data-type"),
        judged("data type: date with hyphens", "dateOfDiagnosis", "2023-01-15", "data-type", "too-long"),
        judged("data type: date of 7 digits", "dateOfDiagnosis", "2023011", "data-type"),
        judged("data type: date of 5 digits", "dateOfDiagnosis", "20231", "data-type"),
        judged("data type: date of another century", "dateOfDiagnosis", "17990101", "data-type"),
        judged("data type: date of 9 digits", "dateOfDiagnosis", "202301011", "data-type", "too-long"),
        judged("a month that is none", "dateOfDiagnosis", "20231301", "data-type", "impossible-date"),
        judged("a month of zeros", "dateOfDiagnosis", "202300", "data-type", "impossible-date"),
        judged("a day of zeros", "dateOfBirth", "19500200", "data-type", "impossible-date", place="1"),
        judged("a day 32", "dateOfBirth", "19500132", "data-type", "impossible-date", place="1"),
        judged("all nines", "dateOfBirth", "99999999", "data-type", "impossible-date", place="1"),
        judged("30 February", "dateOfDiagnosis", "20230230", "impossible-date"),
        judged("31 April", "dateOfDiagnosis", "20230431", "impossible-date"),
        judged("29 February of a common year", "dateOfBirth", "20230229", "impossible-date", place="1"),
        judged("29 February 1900", "dateOfBirth", "19000229", "impossible-date", place="1"),
        judged("leading space", "primarySite", " C504", "leading-space"),
        judged("trailing space", "primarySite", "C504 ", "trailing-space"),
        judged("spaces on both sides", "primarySite", "  C504  ", "leading-space", "trailing-space"),
        judged("leading tab", "nameLast", "\tDoe", "leading-space", place="1"),
        judged("line feeds around", "primarySite", "\nC504\n", "leading-space", "trailing-space"),
        judged("trailing CR LF", "primarySite", "C504\r\n", "trailing-space", read="C504\n"),
        judged("trailing space by reference", "primarySite", "C504&#32;", "trailing-space", read="C504 "),
        judged("leading return by reference", "primarySite", "&#13;C504", "leading-space", read="\rC504"),
        judged("space in CDATA", "primarySite", "<![CDATA[ ]]>C504", "leading-space", read=" C504"),
        judged("leading space at the root", "registryId", " 0000000001", "leading-space", place=""),
        judged("blanks only", "primarySite", "    ", "leading-space", "trailing-space"),
        judged("one blank only", "tumorRecordNumber", " ", "leading-space", "trailing-space"),
        judged("blanks only of many kinds", "nameLast", " \t\r\n&#13;", "leading-space", "trailing-space",
               read=" \t\n\r", place="1"),
        judged("blanks only beyond the length", "laterality", " " * 50, "leading-space", "trailing-space"),
        judged("blanks only at the root", "registryId", "  ", "leading-space", "trailing-space", place=""),
        judged("not in the list: text", "primarySite", "C5O4", "code-list"),
        judged("not in the list: part of a code", "primarySite", "C5", "code-list"),
        judged("not in the list: small letters", "primarySite", "c504", "code-list"),
        judged("not in the list: digits", "sexAssignedAtBirth", "7", "code-list", place="1"),
        judged("not in the list: out of its range", "tumorSizeSummary", "995", "code-list"),
        judged("not in the list: histology", "histologicTypeIcdO3", "7999", "code-list"),
        judged("many faults of one value", "sexAssignedAtBirth", " FF ", "leading-space", "trailing-space", "too-long",
               "data-type", "code-list", place="1"),
        judged("many faults of one date", "dateOfBirth", "\t20231340 ", "leading-space", "trailing-space", "data-type",
               "impossible-date", place="1"),
        judged("a value in parts is judged whole", "primarySite", "C5<!-- -->0<![CDATA[4]]>4", "too-long", "code-list",
               read="C5044"),
        judged("a tumor's item of another record type", "textRemarks", "x", "record-type", kind="I"),
        judged("a patient's item of another record type", "nameLast", "Doe", "record-type", place="1", kind="I"),
        judged("another record type and a space", "textRemarks", "x ", "record-type", "trailing-space", kind="C"),
        judged("a limit of an old version", "medicalRecordNumber", "123456789012", "too-long", version="180"),
        judged("value faults of an old version", "sex", "Z", "data-type", "code-list", place="1", version="140"),
        case("number that is no number", one('«v»<Item naaccrId="primarySite" naaccrNum="four">C504</Item>'),
             items("1.1", primarySite="C504"), [fault("v", "1.1", "primarySite", "wrong-number")]),
        case("number of another item", one(SITE, '«v»<Item naaccrNum="400" naaccrId="nameLast">Doe</Item>'), PLAIN,
             [fault("v", "1", "nameLast", "wrong-number")]),
        case("number empty", one('«v»<Item naaccrId="primarySite" naaccrNum="">C504</Item>'),
             items("1.1", primarySite="C504"), [fault("v", "1.1", "primarySite", "wrong-number")]),
        case("number far too big", one(f'«v»<Item naaccrId="primarySite" naaccrNum="{"9" * 40}">C504</Item>'),
             items("1.1", primarySite="C504"), [fault("v", "1.1", "primarySite", "wrong-number")]),
        case("wrong number of an empty item", one('«v»<Item naaccrId="primarySite" naaccrNum="401"/>'), [],
             [fault("v", "1.1", "primarySite", "wrong-number")]),
        case("wrong number at the root", doc('«v»<Item naaccrId="registryId" naaccrNum="1">0000000001</Item>'),
             items("", registryId="0000000001"), [fault("v", "", "registryId", "wrong-number")]),
        case("value faults of user items", doc(f"«a»{item('rootNote', 'x' * 11)}<Patient><Tumor>\n«b»{item('myCode', 'a')}"
             f"\n«c»{item('keepSpaces', ' ' * 3 + 'x' * 18)}</Tumor></Patient>", users=U1),
             [*items("", rootNote="x" * 11), *items("1.1", myCode="a", keepSpaces="   " + "x" * 18)],
             [fault("a", "", "rootNote", "too-long"), fault("b", "1.1", "myCode", "data-type"),
              fault("b", "1.1", "myCode", "too-short")], dictionaries=[ONE]),
        case("the first dictionary named gives the length", one(f"«v»{item('shared', 'abc')}", users=f"{U1} {U2}"),
             items("1.1", shared="abc"), [fault("v", "1.1", "shared", "too-long")], dictionaries=[TWO, ONE]),
        case("the last line of a tag does not count", one(
            '\n\n«v»<Item\n\n naaccrId="primarySite"\n>C5O4</Item>\n\n«w»<Item naaccrId="laterality">\n\n2</Item>'),
            items("1.1", primarySite="C5O4", laterality="\n\n2"),
            [fault("v", "1.1", "primarySite", "code-list"), fault("w", "1.1", "laterality", "leading-space")]),
        case("lines after CR LF and CR", one(f"\r\n\r«v»{item('primarySite', 'C5O4')}\r\n\n\r«w»{item('laterality', 'X')}"),
             items("1.1", primarySite="C5O4", laterality="X"),
             [fault("v", "1.1", "primarySite", "code-list"), fault("w", "1.1", "laterality", "data-type"),
              fault("w", "1.1", "laterality", "code-list")]),
        case("lines after long comments and texts", one(
            f"<!-- \n\n\n -->{item('textRemarks', 'a' + chr(10) * 300 + 'b')}<?p \n?><![CDATA[\n]]>\n«v»"
            f"{item('primarySite', 'C5O4')}"),
            items("1.1", textRemarks="a" + "\n" * 300 + "b", primarySite="C5O4"),
            [fault("v", "1.1", "primarySite", "code-list")]),
    ]  # fmt: skip


def _order() -> list[Case]:
    return [
        case("item after a tumor", one(SITE).replace("</Tumor>", f"</Tumor>\n«v»{ANN}"),
             [*items("1.1", primarySite="C504"), *items("1", nameLast="Doe")],
             [fault("v", "1", "nameLast", "item-order")]),
        case("item between tumors", doc(f"<Patient><Tumor>{SITE}</Tumor>\n«v»{ANN}<Tumor>{SITE}</Tumor></Patient>"),
             [*items("1.1", primarySite="C504"), *items("1", nameLast="Doe"), *items("1.2", primarySite="C504")],
             [fault("v", "1", "nameLast", "item-order")]),
        case("item after a patient", doc(f"<Patient>{ANN}</Patient>\n«v»{item('registryId', '0000000001')}\n"
             f"«w»{item('registryType', '1')}\n<Patient>{ANN}</Patient>"),
             [*items("1", nameLast="Doe"), *items("", registryId="0000000001", registryType="1"),
              *items("2", nameLast="Doe")],
             [fault("v", "", "registryId", "item-order"), fault("w", "", "registryType", "item-order")]),
        case("item after an extension", doc(
            f'<x:a/>\n«r»{item("registryId", "0000000001")}<Patient><x:b/>\n«p»{ANN}<Tumor><x:c>t</x:c>\n«t»{SITE}</Tumor>'
            "</Patient>", extra=f" {X}"),
            [*items("", registryId="0000000001"), *PLAIN],
            [fault("r", "", "registryId", "item-order"), fault("p", "1", "nameLast", "item-order"),
             fault("t", "1.1", "primarySite", "item-order")]),
        case("item out of order with a value fault", one(SITE).replace(
            "</Tumor>", f"</Tumor>«v»{item('dateOfBirth', '20230230')}"),
            [*items("1.1", primarySite="C504"), *items("1", dateOfBirth="20230230")],
            [fault("v", "1", "dateOfBirth", "item-order"), fault("v", "1", "dateOfBirth", "impossible-date")]),
    ]  # fmt: skip


def _root() -> list[Case]:
    """Structural faults at the root: said, left out, nothing is quarantined."""
    good = f"<Patient>{ANN}<Tumor>{SITE}</Tumor></Patient>"

    def at_root(name: str, before: str, *faults: Fault, after: str = "", rows: object = ()) -> Case:
        text = doc(f"{before}{good}{after}", extra=f" {X}")
        return case(name, text, [*(rows or ()), *PLAIN], faults, patients=1)  # type: ignore[misc]

    registry = item("registryId", "0000000001")
    return [
        at_root("root: text", "\n«v»hello\n", fault("v", "", "", "unexpected-text")),
        at_root("root: text after the patients", "", fault("v", "", "", "unexpected-text"), after="\n \n  «v»bye"),
        at_root("root: CDATA text", "\n«v»<![CDATA[x]]>", fault("v", "", "", "unexpected-text")),
        at_root("root: unknown tag", "\n«v»<Note><Item naaccrId='zzz'>1</Item>text</Note>",
                fault("v", "", "", "unexpected-tag")),
        at_root("root: tag in small letters", "\n«v»<patient/>", fault("v", "", "", "unexpected-tag")),
        at_root("root: tag of no namespace", '\n«v»<more xmlns=""/>', fault("v", "", "", "unexpected-tag")),
        at_root("root: a tag that begins like Patient", f"\n«v»<PatientX>{ANN}</PatientX>",
                fault("v", "", "", "unexpected-tag")),
        at_root("root: Tumor", f"\n«v»<Tumor>{SITE}</Tumor>", fault("v", "", "", "unexpected-tag")),
        at_root("root: Patient of another namespace", f"\n«v»<x:Patient>{ANN}</x:Patient>",
                fault("v", "", "", "unexpected-tag")),
        at_root("root: Patient of no namespace", f'\n«v»<Patient xmlns="">{ANN}</Patient>',
                fault("v", "", "", "unexpected-tag")),
        at_root("root: Item of another namespace", '\n«v»<x:Item naaccrId="registryId">1</x:Item>',
                fault("v", "", "", "unexpected-tag")),
        at_root("root: NaaccrData inside", f"\n«v»{doc('', start='', mark='')}", fault("v", "", "", "unexpected-tag")),
        at_root("root: extension after a patient", "", fault("v", "", "", "unexpected-tag"), after="\n«v»<x:more/>"),
        at_root("root: item without id", "\n«v»<Item>1</Item>", fault("v", "", "", "missing-id")),
        at_root("root: item of unknown id", "\n«v»" + item("registryID", "1"), fault("v", "", "registryID", "unknown-id")),
        at_root("root: item of a patient", f"\n«v»{ANN}", fault("v", "", "nameLast", "wrong-level")),
        at_root("root: item of a tumor", f"\n«v»{SITE}", fault("v", "", "primarySite", "wrong-level")),
        at_root("root: duplicate item", f"{registry}\n«v»{item('registryId', '0000000002')}",
                fault("v", "", "registryId", "duplicate-item"), rows=items("", registryId="0000000001")),
        case("root: item with an unknown attribute", doc('\n«v»<Item naaccrId="registryId" a="1">0000000001</Item>'),
             None, [fault("v", "", "registryId", "unexpected-attribute")]),
        at_root("root: several", "\n«a»x\n«b»<Note/>\n«c»y\n«d»<Item/>", fault("a", "", "", "unexpected-text"),
                fault("b", "", "", "unexpected-tag"), fault("c", "", "", "unexpected-text"),
                fault("d", "", "", "missing-id")),
    ]  # fmt: skip


def _patients() -> list[Case]:
    """Structural faults inside a patient: it is kept out whole, the rest loads."""

    def patient(inside: str, tumor: str = "") -> str:
        return f"\n<Patient>{inside}<Tumor>{SITE}{tumor}</Tumor></Patient>"

    def tag(place: str, mark: str = "v", naaccr_id: str = "") -> Fault:
        return fault(mark, place, naaccr_id, "unexpected-tag")

    ahead = f"{item('nameFirst', 'Ann')}\n"
    duplicate = fault("v", "2.1", "primarySite", "duplicate-item")
    return [
        shut("patient: text", patient("\n«v»hello"), fault("v", "2", "", "unexpected-text")),
        shut("patient: text of a reference", patient("\n «v»&#65;"), fault("v", "2", "", "unexpected-text")),
        shut("patient: text after a tumor", patient("").replace("</Patient>", "\n\n«v».</Patient>"),
             fault("v", "2", "", "unexpected-text")),
        shut("tumor: text", patient("", "\n«v»- \n -"), fault("v", "2.1", "", "unexpected-text")),
        shut("tumor: no-break space is a text", patient("", "\n«v»\u00a0"), fault("v", "2.1", "", "unexpected-text")),
        shut("tumor: two runs of text", "<Patient><Tumor>\n«a»x" + SITE + "\n«b»y</Tumor></Patient>",
             fault("a", "2.1", "", "unexpected-text"), fault("b", "2.1", "", "unexpected-text")),
        shut("patient: unknown tag", patient("\n«v»<Note>x<b/>y</Note>"), tag("2")),
        shut("patient: Patient", patient(f"\n«v»<Patient>{ANN}</Patient>"), tag("2")),
        shut("patient: Tumor of another namespace", patient(f"\n«v»<x:Tumor>{SITE}</x:Tumor>"), tag("2")),
        shut("patient: Tumor of no namespace", patient(f'\n«v»<Tumor xmlns="">{SITE}</Tumor>'), tag("2")),
        shut("patient: extension after a tumor", patient("").replace("</Patient>", "\n«v»<x:more/></Patient>"), tag("2")),
        shut("tumor: unknown tag", patient("", "\n«v»<item naaccrId='laterality'>2</item>"), tag("2.1")),
        shut("patient: a tag that begins like Tumor", patient(f"\n«v»<Tumors>{SITE}</Tumors>"), tag("2")),
        shut("tumor: a tag that begins like Item", patient("", "\n«v»<Item.naaccrId>2</Item.naaccrId>"), tag("2.1")),
        shut("an id with a greater-than sign", patient("", "\n«v»<Item naaccrId='a>b'>2</Item>"),
             fault("v", "2.1", "a>b", "unknown-id")),
        shut("an attribute that holds an end tag", patient("", "\n«v»<Item naaccrId='grade' naaccrNum='440' c='</Item'>9</Item>"
             .replace("</Item'", "&lt;/Item'")), fault("v", "2.1", "grade", "unexpected-attribute")),
        shut("tumor: Tumor", patient("", "\n«v»<Tumor/>"), tag("2.1")),
        shut("tumor: Patient", patient("", "\n«v»<Patient/>"), tag("2.1")),
        shut("tumor: Item of another namespace", patient("", "\n«v»<x:Item naaccrId='laterality'>2</x:Item>"), tag("2.1")),
        shut("item: a tag inside", patient("\n<Item naaccrId='nameLast'>D\n«v»<b>o</b>e</Item>"), tag("2", "v", ANY)),
        shut("item: an Item inside", patient(f"\n<Item naaccrId='nameLast'>D\n«v»{ANN}e</Item>"), tag("2", "v", ANY)),
        shut("item: a tag of another namespace inside", patient("", "<Item naaccrId='textRemarks'>D«v»<x:b/></Item>"),
             tag("2.1", "v", ANY)),
        shut("patient: attribute", patient("").replace("<Patient>", '«v»<Patient id="7">'),
             fault("v", "2", "", "unexpected-attribute")),
        shut("tumor: attribute", patient("").replace("<Tumor>", '\n«v»<Tumor naaccrId="primarySite">'),
             fault("v", "2.1", "", "unexpected-attribute")),
        shut("item: attribute", patient("", '\n«v»<Item naaccrId="laterality" value="2">2</Item>'),
             fault("v", "2.1", "laterality", "unexpected-attribute")),
        shut("item: attribute in other letters", patient("", '\n«v»<Item naaccrId="laterality" naaccrID="a">2</Item>'),
             fault("v", "2.1", "laterality", "unexpected-attribute")),
        shut("item: two attributes", patient("", '\n«v»<Item a="1" naaccrId="laterality" b="2">2</Item>'),
             fault("v", "2.1", "laterality", "unexpected-attribute"),
             fault("v", "2.1", "laterality", "unexpected-attribute")),
        shut("foreign attribute of an Item", patient("", '\n«v»<Item x:a="1" naaccrId="laterality">2</Item>'),
             fault("v", "2.1", "laterality", "unexpected-attribute")),
        shut("foreign attribute of a Patient under 1.1", patient("").replace("<Patient>", '«v»<Patient x:a="1">'),
             fault("v", "2", "", "unexpected-attribute"), spec="1.1"),
        shut("item without id", patient("", "\n«v»<Item>2</Item>"), fault("v", "2.1", "", "missing-id")),
        shut("item with an empty id", patient("\n«v»<Item naaccrId=''>2</Item>"), fault("v", "2", "", "missing-id")),
        shut("item with a blank id", patient("", "\n«v»<Item naaccrId='  '>2</Item>"), fault("v", "2.1", ANY, "missing-id")),
        shut("item with a number only", patient("", "\n«v»<Item naaccrNum='410'>2</Item>"),
             fault("v", "2.1", ANY, "missing-id")),
        shut("empty item without id", patient("", "\n«v»<Item/>"), fault("v", "2.1", "", "missing-id")),
        shut("unknown id", patient("", "\n«v»" + item("primaryCite", "C504")), fault("v", "2.1", "primaryCite", "unknown-id")),
        shut("unknown id in a patient", patient("\n«v»" + item("NameLast", "X")), fault("v", "2", "NameLast", "unknown-id")),
        shut("unknown id of an empty item", patient("", "\n«v»<Item naaccrId='zzz'/>"), fault("v", "2.1", "zzz", "unknown-id")),
        shut("id of an older version", patient("\n«v»" + item("sex", "1")), fault("v", "2", "sex", "unknown-id")),
        shut("id of a dictionary that is not given", patient("", "\n«v»" + item("myCode", "07")),
             fault("root", "", "", "user-dictionary"), fault("v", "2.1", "myCode", "unknown-id"), users=U1),
        shut("id of a dictionary that is not named", patient("", "\n«v»" + item("myCode", "07")),
             fault("v", "2.1", "myCode", "unknown-id"), dictionaries=[ONE]),
        shut("id in other letters than the dictionary's", patient("", "\n«v»" + item("MyCode", "07")),
             fault("v", "2.1", "MyCode", "unknown-id"), users=U1, dictionaries=[ONE]),
        shut("patient's item in a tumor", patient("", f"\n«v»{ANN}"), fault("v", "2.1", "nameLast", "wrong-level")),
        shut("tumor's item in a patient", patient(f"\n«v»{SITE}"), fault("v", "2", "primarySite", "wrong-level")),
        shut("root's item in a patient", patient(f"\n«v»{item('registryId', '0000000001')}"),
             fault("v", "2", "registryId", "wrong-level")),
        shut("empty item in the wrong place", patient("\n«v»<Item naaccrId='primarySite'/>"),
             fault("v", "2", "primarySite", "wrong-level")),
        shut("user item in the wrong place", patient("\n«v»" + item("myCode", "07")),
             fault("v", "2", "myCode", "wrong-level"), users=U1, dictionaries=[ONE]),
        shut("duplicate", patient("", f"\n«v»{SITE}"), duplicate),
        shut("duplicate with another value", patient("", "\n«v»" + item("primarySite", "C619")), duplicate),
        shut("duplicate with and without number", patient("", "\n«v»" + item("primarySite", "C504", naaccrNum="400")),
             duplicate),
        shut("duplicate, the first empty", "<Patient><Tumor><Item naaccrId='primarySite'/>\n«v»" + SITE
             + "</Tumor></Patient>", duplicate),
        shut("duplicate, the second empty", patient("", "\n«v»<Item naaccrId='primarySite'/>"), duplicate),
        shut("three times", patient("", f"\n«v»{SITE}\n«w»{SITE}"), duplicate,
             fault("w", "2.1", "primarySite", "duplicate-item")),
        shut("duplicate of a patient's item around a tumor", "<Patient>" + ANN + "<Tumor/>\n«v»" + ANN + "</Patient>",
             fault("v", "2", "nameLast", "duplicate-item"), fault("v", "2", "nameLast", "item-order")),
        shut("faults of several kinds in one patient", "\n«a»<Patient z='1'>\n«b»" + item("zzz", "1") + "<Tumor>\n«c»"
             + item("primarySite", "C5O4") + "\n«d»t</Tumor><Tumor>\n«e»" + SITE + "\n«f»" + SITE + "</Tumor></Patient>",
             fault("a", "2", "", "unexpected-attribute"), fault("b", "2", "zzz", "unknown-id"),
             fault("c", "2.1", "primarySite", "code-list"), fault("d", "2.1", "", "unexpected-text"),
             fault("f", "2.2", "primarySite", "duplicate-item")),
        shut("a duplicate is judged too", patient(ahead, "\n«v»" + item("primarySite", "C5O4 ")), duplicate,
             fault("v", "2.1", "primarySite", "code-list"), fault("v", "2.1", "primarySite", "trailing-space")),
    ]  # fmt: skip


def _several() -> list[Case]:
    bad, good = "<Patient>\n«{0}»x</Patient>\n", f"<Patient>{ANN}<Tumor>{SITE}</Tumor></Patient>\n"
    rows = [*PLAIN, *items("2", nameLast="Doe"), *items("2.1", primarySite="C504")]

    def moved(number: int) -> list[tuple[str, str, str, str, str]]:
        return [(str(number), *row[1:]) for row in PLAIN]

    text = "unexpected-text"
    return [
        case("the first patient is faulty", doc(bad.format("a") + good), moved(2), [fault("a", "1", "", text)],
             quarantined=[1], patients=2),
        case("the last patient is faulty", doc(good + bad.format("a")), PLAIN, [fault("a", "2", "", text)],
             quarantined=[2], patients=2),
        case("the only patient is faulty", doc(bad.format("a")), [], [fault("a", "1", "", text)], quarantined=[1],
             patients=1),
        case("every second patient is faulty", doc("".join(bad.format(m) + good for m in "abc")),
             [*moved(2), *moved(4), *moved(6)], [fault(m, str(n), "", text) for m, n in zip("abc", "135", strict=True)],
             quarantined=[1, 3, 5], patients=6),
        case("root items stay beside a faulty patient", doc(item("registryId", "0000000001") + bad.format("a")),
             items("", registryId="0000000001"), [fault("a", "1", "", text)], quarantined=[1], patients=1),
        case("a value fault does not quarantine", doc(good + good.replace("C504", "C5O4").replace("<Item naaccrId=\"p",
             "\n«v»<Item naaccrId=\"p")), [*rows[:3], *items("2.1", primarySite="C5O4")],
             [fault("v", "2.1", "primarySite", "code-list")], patients=2),
        case("a faulty patient under a prefix", doc(good + bad.format("a") + good, xmlns=f'xmlns="{NS}" xmlns:q="{NS}"')
             .replace("<Patient>\n", "<q:Patient>\n").replace("x</Patient>", "x</q:Patient>"),
             [*PLAIN, *moved(3)], [fault("a", "2", "", text)], quarantined=[2], patients=3),
        case("a faulty patient in UTF-16", doc(good + bad.format("a") + good, start=""), [*PLAIN, *moved(3)],
             [fault("a", "2", "", text)], quarantined=[2], patients=3, encoding="utf-16-le", bom=b"\xff\xfe"),
        case("a faulty patient behind a comment that looks like one", doc(
            f"<!-- {bad.format('z')} -->{good}<?x {bad.format('y')}?>{bad.format('a')}"), PLAIN,
            [fault("a", "2", "", text)], quarantined=[2], patients=2),
        case("a faulty empty patient", doc(good + '\n«a»<Patient a="1" />' + good), [*PLAIN, *moved(3)],
             [fault("a", "2", "", "unexpected-attribute")], quarantined=[2], patients=3),
    ]  # fmt: skip


FAULTY = [*_header(), *_values(), *_order(), *_root(), *_patients(), *_several()]
