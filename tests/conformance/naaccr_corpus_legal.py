"""Legal documents: whatever XML and the standard allow, read exactly and without one fault."""

from __future__ import annotations

import gzip
import io
import zipfile
from dataclasses import replace

from tests.conformance.naaccr_corpus_base import (
    BASE,
    DECLARATION,
    NS,
    Case,
    case,
    doc,
    item,
    items,
    one,
    user_dictionary,
)

SITE = item("primarySite", "C504")
ANN = item("nameLast", "Doe")
PLAIN = [*items("1", nameLast="Doe"), *items("1.1", primarySite="C504")]
U1, U2 = "https://example.org/one.xml", "https://example.org/two.xml"
ONE = user_dictionary(
    U1,
    'myCode 95001 2 Tumor dataType="digits"',
    "shared 95010 2 Tumor",
    "onlyInPatients 95002 10 Patient",
    "rootNote 95003 10 NaaccrData",
    'keepSpaces 95004 20 Tumor trim="none"',
    "Twin 95005 5 Tumor",
    'free 95006 3 Tumor allowUnlimitedText="true"',
)
TWO = user_dictionary(U2, "shared 95020 5 Patient", "twin 95021 5 Tumor", "other 95022 5 Tumor")


def plain(name: str, text: str, **how: object) -> Case:
    """A document that holds nameLast Doe and primarySite C504, written in some way."""
    return case(name, text, PLAIN, **how)  # type: ignore[arg-type]


def value(
    name: str, written: str, read: str, *, naaccr_id: str = "textRemarks", **header: str | None
) -> Case:
    """One tumor item with this text in the file and that value in the table."""
    return case(name, one(item(naaccr_id, written), **header), items("1.1", (naaccr_id, read)))


def _markup() -> list[Case]:
    prefixed = one(SITE, ANN, xmlns=f'xmlns:n="{NS}"')
    for tag in ("NaaccrData", "Patient", "Tumor", "Item"):
        prefixed = prefixed.replace(f"<{tag}", f"<n:{tag}").replace(f"</{tag}", f"</n:{tag}")
    mixed = f'<p:Patient xmlns:p="{NS}">{ANN}<Tumor xmlns="{NS}">{SITE}</Tumor></p:Patient>'
    return [
        plain("plain", one(SITE, ANN)),
        plain("no declaration", one(SITE, ANN, start="")),
        plain("comment before the root", one(SITE, ANN, start=DECLARATION + "<!-- a <b> c -->\n")),
        plain("instruction before the root", one(SITE, ANN, start='<?xml-stylesheet href="a.xsl"?>\n')),
        plain("comment and blanks after the root", one(SITE, ANN) + "\n<!-- end -->\n<?done now?>\n \t\n"),
        plain("single quotes", one(SITE, ANN).replace('"', "'")),
        plain("prefix", prefixed),
        plain("prefix with odd letters", prefixed.replace("<n:", "<_N-1.x:").replace("</n:", "</_N-1.x:")
              .replace("xmlns:n=", "xmlns:_N-1.x=")),
        plain("prefixes change", doc(mixed)),
        plain("default namespace given again", one(SITE, ANN).replace("<Patient>", f'<Patient xmlns="{NS}">')),
        plain("unused prefixes", one(SITE, ANN, extra=' xmlns:a="urn:a" xmlns:b="urn:b"')),
        plain("blanks in tags", one(SITE, ANN).replace("<Patient>", "<Patient \n>").replace("</Tumor>", "</Tumor\t >")
              .replace(' naaccrId="', '\n\tnaaccrId \n=\n "').replace("</Item>", "</Item >")),
        plain("attributes in another order", one(
            '<Item naaccrNum="400" naaccrId="primarySite">C504</Item>',
            '<Item  naaccrNum = \'2230\'  naaccrId = "nameLast" >Doe</Item>')),
        plain("attribute by references", one('<Item naaccrId="primary&#83;it&#x65;">C504</Item>', ANN)),
        plain("number with leading zeros", one('<Item naaccrId="primarySite" naaccrNum="0400">C504</Item>', ANN)),
        plain("comments between elements", one(
            f"<!-- {item('nameLast', 'No')} -->{SITE}<!---->", f"<!-- a -->{ANN}<!-- </Patient> -->")),
        plain("instructions between elements", one(f"<?a b?>{SITE}<?c?>", f"<?x <Tumor>?>{ANN}")),
        plain("no blanks at all", doc(f"<Patient>{ANN}<Tumor>{SITE}</Tumor></Patient>").replace("\n", "")
              .replace("?>", "?>\n")),
        plain("blank CDATA between elements", one(f"<![CDATA[ \n]]>{SITE}", f"{ANN}<![CDATA[]]>")),
        plain("blank references between elements", one(f"&#32;&#10;{SITE}&#x9;", f"{ANN}&#xD;")),
        plain("xml attributes do no harm", one(
            '<Item xml:space="preserve" naaccrId="primarySite" xml:lang="en">C504</Item>', ANN, extra=' xml:lang="en"')),
        plain("schema location", one(SITE, ANN, extra=' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
              f'xsi:schemaLocation="{NS} naaccr_data_1.8.xsd"')),
        plain("root attributes of other namespaces", one(SITE, ANN, extra=' xmlns:s="urn:s" s:sender="A" s:n="1"')),
        plain("foreign attributes under specification 1.0", one(
            SITE.replace("<Item", '<Item s:a="1"'), ANN, extra=' xmlns:s="urn:s"', spec="1.0")
            .replace("<Tumor>", '<Tumor s:b="2">').replace("<Patient>", '<Patient s:c="3">')),
        plain("greater-than in an attribute", one(SITE, ANN, extra=' xmlns:s="urn:s" s:a=">/>&lt;Patient>"')),
    ]  # fmt: skip


def _values() -> list[Case]:
    cdata = "<![CDATA[{}]]>".format
    return [
        value("CDATA", cdata("a < b & c > d </Item>"), "a < b & c > d </Item>"),
        value("CDATA in several pieces", f"x{cdata('1')}y{cdata('<2>')}{cdata('3')}z", "x1y<2>3z"),
        value("brackets in CDATA", cdata("a ]] b ] > c ]]"), "a ]] b ] > c ]]"),
        value("end of CDATA written over two", "a<![CDATA[]]]]><![CDATA[>]]>b", "a]]>b"),
        value("empty CDATA", f"{cdata('')}abc{cdata('')}", "abc"),
        value("entities", "&lt;&amp;&gt;&quot;&apos;&amp;amp;", "<&>\"'&amp;"),
        value("character references", "&#65;&#x42;&#x00e9;&#233;", "ABéé"),
        value("astral references and letters", "&#x1F600;&#128512;😀𝔸", "😀😀😀𝔸"),
        value("tab, line feed and return by reference", "a&#9;b&#10;c&#13;d&#xA;e", "a\tb\nc\rd\ne"),
        value("raw tab and line feed", "a\tb\n c\n\nd", "a\tb\n c\n\nd"),
        value("CR LF and CR are line feeds", "a\r\nb\rc\r\r\nd", "a\nb\nc\n\nd"),
        value("comment inside", "C5<!-- no -->04", "C504", naaccr_id="primarySite"),
        value("instruction inside", "C<?x y?>504", "C504", naaccr_id="primarySite"),
        value("comments around", "<!-- a -->C504<!-- b -->", "C504", naaccr_id="primarySite"),
        value("quotes and brackets", "say \"it's\" ] ]] > fine", "say \"it's\" ] ]] > fine"),
        value("commas, quotes and line feeds for CSV", 'a,"b"\n"",c', 'a,"b"\n"",c'),
        value("letters of many scripts", "Zoë Łukasz Ñandú Мария 李 ﷽ e\u0301", "Zoë Łukasz Ñandú Мария 李 ﷽ e\u0301"),
        value("no-break space is a letter", "\u00a0Doe\u00a0", "\u00a0Doe\u00a0"),
        value("blanks inside are kept", "a   b  c", "a   b  c"),
        value("letters at the edges of XML", "a\u0085\u2028\ud7ff\ue000\ufffd\U00010000\U0010ffffz",
              "a\u0085\u2028\ud7ff\ue000\ufffd\U00010000\U0010ffffz"),
        value("delete is a letter in XML 1.0", "a\x7f\x80\x9fb", "a\x7f\x80\x9fb"),
        value("length counts letters, not bytes", "é" * 40, "é" * 40, naaccr_id="addrAtDxCity"),
        value("length counts letters beyond the first plane", "😀" * 50, "😀" * 50, naaccr_id="addrAtDxCity"),
        value("longest text", "x" * 4000, "x" * 4000),
        value("unlimited text of an old version", "line\n" * 200_000 + "x", "line\n" * 200_000 + "x", version="180"),
        value("partial dates: year", "2015", "2015", naaccr_id="dateOfDiagnosis"),
        value("partial dates: month", "201502", "201502", naaccr_id="dateOfDiagnosis"),
        value("leap day", "20000229", "20000229", naaccr_id="dateOfDiagnosis"),
        value("a date and time", "2023-01-15T10:30:00-05:00", "2023-01-15T10:30:00-05:00",
              naaccr_id="pathDateSpecCollect1"),
        value("number with decimals", "0.5", "0.5", naaccr_id="geocodingAccuracyScore"),
        value("mixed letters and digits", "A200", "A200", naaccr_id="rxSummSurgPrimSite2023"),
        value("a value within a range of its list", "015", "015", naaccr_id="tumorSizeSummary"),
        value("a formula is a text", "=1+1", "=1+1"),
        case("leading zeros", one(item("tumorRecordNumber", "01"), item("patientIdNumber", "00000001")),
             [*items("1", patientIdNumber="00000001"), *items("1.1", tumorRecordNumber="01")]),
        case("empty items are no value", one(
            '<Item naaccrId="primarySite"/><Item naaccrId="laterality"></Item>'
            '<Item naaccrId="dateOfDiagnosis"><![CDATA[]]></Item><Item naaccrId="grade"><!-- x --></Item>',
            '<Item naaccrId="nameLast" />'), []),
        case("an empty item of another record type", one(SITE, '<Item naaccrId="nameLast"/>', kind="I"),
             items("1.1", primarySite="C504")),
    ]  # fmt: skip


def _encodings() -> list[Case]:
    text = one(item("textRemarks", "Zoë ¼"), item("nameLast", "Müller"))
    rows = [*items("1", nameLast="Müller"), *items("1.1", textRemarks="Zoë ¼")]
    wide = one(item("textRemarks", "Zoë 😀"), item("nameLast", "Łuk"))
    wide_rows = [*items("1", nameLast="Łuk"), *items("1.1", textRemarks="Zoë 😀")]

    def named(encoding: str, of: str = text) -> str:
        return of.replace('encoding="UTF-8"', f'encoding="{encoding}"')

    return [
        case("UTF-8 with a mark", wide, wide_rows, bom=b"\xef\xbb\xbf"),
        case("UTF-8 with a mark and no declaration", wide.replace(DECLARATION, ""), wide_rows, bom=b"\xef\xbb\xbf"),
        case("UTF-8 named in small letters", named("utf-8", wide), wide_rows),
        case("UTF-16 little-endian", named("UTF-16", wide), wide_rows, encoding="utf-16-le", bom=b"\xff\xfe"),
        case("UTF-16 big-endian", named("UTF-16", wide), wide_rows, encoding="utf-16-be", bom=b"\xfe\xff"),
        case("UTF-16 with no declaration", wide.replace(DECLARATION, ""), wide_rows,
             encoding="utf-16-le", bom=b"\xff\xfe"),
        case("Latin-1", named("ISO-8859-1"), rows, encoding="latin-1"),
        case("Latin-1 in single quotes", named("iso-8859-1").replace('"iso-8859-1"', "'iso-8859-1'"), rows,
             encoding="latin-1"),
        case("Windows-1252", named("windows-1252", text.replace("¼", "“€”")),
             [*items("1", nameLast="Müller"), *items("1.1", textRemarks="Zoë “€”")], encoding="cp1252"),
        case("ASCII with references", named("US-ASCII", text).replace("ë", "&#xEB;").replace("¼", "&#188;")
             .replace("ü", "&#252;"), rows, encoding="ascii"),
        case("CR LF line ends", wide.replace("\n", "\r\n"), wide_rows),
        case("CR line ends", wide.replace("\n", "\r"), wide_rows),
        case("standalone", wide.replace("?>", " standalone='yes'?>", 1), wide_rows),
        case("XML 1.1", wide.replace('"1.0"', '"1.1"', 1), wide_rows),
        case("XML 1.1 with its own line ends", one(item("textRemarks", "a\u0085b\u2028c\r\u0085d"))
             .replace('"1.0"', '"1.1"', 1), items("1.1", textRemarks="a\nb\nc\nd")),
        case("XML 1.1 with control characters by reference", one(item("textRemarks", "a&#1;b&#x1F;c&#x85;d"))
             .replace('"1.0"', '"1.1"', 1), items("1.1", textRemarks="a\x01b\x1fc\x85d")),
    ]  # fmt: skip


def _structure() -> list[Case]:
    two = [*items("1", nameLast="Doe"), *items("1.2", primarySite="C504"), *items("3.1", laterality="2")]
    foreign = (
        '<x:more xmlns:x="urn:x" a="1"><x:deep>text <Item naaccrId="bogus">1</Item></x:deep>&amp;</x:more>'
    )
    levels = doc(f"{item('registryId', '0000000001')}{foreign}<Patient>{ANN}{foreign}<y:e xmlns:y='urn:y'/>"
                 f"<Tumor>{SITE}{foreign}</Tumor></Patient>")  # fmt: skip
    deep = "".join(f"<x:d{i}>" for i in range(30)) + "".join(f"</x:d{29 - i}>" for i in range(30))
    inner = "<!ENTITY clinic 'Clinic &#38;amp; Co'><!ENTITY both '&clinic;/&clinic;'>"
    dtd = f"{DECLARATION}<!DOCTYPE NaaccrData [{inner}<!-- c --><?p i?><!ELEMENT Item ANY>]>\n"
    ambiguous = one(
        item("shared", "ab") + item("myCode", "12", naaccrNum="95001"),
        item("shared", "abcde", naaccrNum="95020"), users=f"{U1} {U2}")  # fmt: skip
    return [
        case("no patients", doc(""), [], patients=0),
        case("root without anything", doc("").replace(">\n\n</NaaccrData>", "/>"), [], patients=0),
        case("empty patients and tumors count", doc(
            f"<Patient>{ANN}<Tumor/><Tumor>{SITE}</Tumor></Patient><Patient/><Patient><Tumor>"
            f"{item('laterality', '2')}</Tumor></Patient><Patient></Patient>"), two, patients=4),
        case("root items", doc(item("recordType", "A") + item("naaccrRecordVersion", "260")
             + item("registryId", "0000000001") + "<Patient/>"),
             items("", recordType="A", naaccrRecordVersion="260", registryId="0000000001")),
        case("extensions at three levels", levels,
             [*items("", registryId="0000000001"), *items("1", nameLast="Doe"), *items("1.1", primarySite="C504")]),
        plain("deep extension", one(f'{SITE}<x:e xmlns:x="urn:x">{deep}</x:e>', ANN)),
        plain("extension holds a NAACCR document", one(
            f'{SITE}<x:e xmlns:x="urn:x"><Patient><Tumor/></Patient>{doc("", start="", mark="")}</x:e>', ANN)),
        case("harmless entities of an internal DTD", one(item("textRemarks", "at &both;"), ANN, start=dtd),
             [*items("1", nameLast="Doe"), *items("1.1", textRemarks="at Clinic & Co/Clinic & Co")]),
        plain("an entity in an attribute", one(
            '<Item naaccrId="&i;">C504</Item>', ANN, start=dtd.replace(inner, '<!ENTITY i "primarySite">'))),
        plain("an entity that holds an element", one(
            "&e;", ANN, start=dtd.replace(inner, "<!ENTITY e '<Item naaccrId=\"primarySite\">C504</Item>'>"))),
        plain("no specification version", one(SITE, ANN, spec=None)),
        *[plain(f"specification {spec}", one(SITE, ANN, spec=spec)) for spec in ("1.1", "1.4", "1.7")],
        *[plain(f"NAACCR {v}", one(SITE, ANN, version=v)) for v in
          ("140", "150", "160", "180", "210", "220", "230", "240", "250")],
        *[case(f"record type {kind}", one(SITE, kind=kind), items("1.1", primarySite="C504")) for kind in "MCI"],
        *[plain(f"time generated {time or 'missing'}", one(SITE, ANN, time=time)) for time in
          (None, "2026-01-05T12:00:00", "2024-02-29T23:59:59.123456+14:00", "2026-01-05T24:00:00Z")],
        case("the same item in several places is no duplicate", doc(
            f"<Patient>{ANN}<Tumor>{SITE}</Tumor><Tumor>{SITE}</Tumor></Patient><Patient>{ANN}</Patient>"),
            [*PLAIN, *items("1.2", primarySite="C504"), *items("2", nameLast="Doe")]),
        case("default user dictionary", one(item("npcrSpecificField", "x"), version="210"),
             items("1.1", npcrSpecificField="x")),
        case("default user dictionary named", one(item("npcrSpecificField", "x"), version="180",
             users=f"{NS}/user-defined-naaccr-dictionary-180.xml"), items("1.1", npcrSpecificField="x")),
        case("user dictionary", doc(item("rootNote", "hello") + f"<Patient>{item('onlyInPatients', 'p')}<Tumor>"
             + item("myCode", "07") + item("keepSpaces", "  two  ") + item("free", "long text") + item("Twin", "a")
             + "</Tumor></Patient>", users=U1),
             [*items("", rootNote="hello"), *items("1", onlyInPatients="p"),
              *items("1.1", myCode="07", keepSpaces="  two  ", free="long text", Twin="a")], dictionaries=[ONE]),
        case("two dictionaries, ids that differ in case", one(item("Twin", "a") + item("twin", "b") + item("other", "c"),
             users=f"{U2} {U1}"), items("1.1", Twin="a", twin="b", other="c"), dictionaries=[ONE, TWO]),
        case("one id, two numbers, two levels", ambiguous,
             [*items("1", shared="abcde"), *items("1.1", shared="ab", myCode="12")], dictionaries=[ONE, TWO]),
        case("the first dictionary named wins without a number", one("", item("shared", "abcde"), users=f"{U2} {U1}"),
             items("1", shared="abcde"), dictionaries=[ONE, TWO]),
        plain("a dictionary that is not named is not used", one(SITE, ANN), dictionaries=[ONE]),
        plain("dictionaries apart by line feeds", one(SITE, ANN, users=f"{U1}\n  {U2}"), dictionaries=[TWO, ONE]),
        plain("base dictionary by file name", one(SITE, ANN, uri=BASE.format("260"))),
    ]  # fmt: skip


def _packed() -> list[Case]:
    data = plain("", one(SITE, ANN)).data
    folder = io.BytesIO()
    with zipfile.ZipFile(folder, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("in/a.xml", (2026, 1, 5, 0, 0, 0)), data)
    packed = gzip.compress(data, mtime=0)
    parts = gzip.compress(data[:100], mtime=0) + gzip.compress(data[100:], mtime=0)
    whole = plain("", one(SITE, ANN))
    return [
        replace(whole, name="gzip", data=packed, suffix=".xml.gz"),
        replace(whole, name="gzip under another name", data=packed, suffix=".xml"),
        replace(whole, name="gzip in two members", data=parts, suffix=".xml.gz"),
        replace(whole, name="zip", data=folder.getvalue(), suffix=".zip"),
        replace(whole, name="zip under another name", data=folder.getvalue(), suffix=".xml"),
    ]


def _traps() -> list[Case]:
    """What a reader that looks for tags as texts stumbles over."""
    end = "</Item></Tumor></Patient><Patient><Tumor><Item naaccrId='grade'>"
    xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    dtd = f'{DECLARATION}<!DOCTYPE NaaccrData [<!ENTITY none ""><!ENTITY % unused "x">]>\n'
    many = "".join(f"<Tumor>{item('tumorRecordNumber', f'{n % 100:02}')}</Tumor>" for n in range(1500))
    return [
        value("end tags in CDATA", f"<![CDATA[{end}]]>", end),
        value("end tags in a comment", f"a<!-- {end} -->b", "ab"),
        value("end tags in an instruction", f"a<?x {end} ?>b", "ab"),
        value("a start of CDATA in CDATA", "<![CDATA[x<![CDATA[y]]>", "x<![CDATA[y"),
        value("brackets before a reference", "a]]&gt;b", "a]]>b"),
        value("references with zeros in front", "&#x0000041;&#000066;", "AB"),
        value("a byte order mark inside", "\ufeffDoe", "\ufeffDoe"),
        value("an instruction with question marks", "a<?x ? ?? > ?>b", "ab"),
        value("hyphens in a comment", "a<!-- - - > -->b", "ab"),
        plain("comments with tags between elements", doc(
            f"<!-- </NaaccrData> --><Patient><!-- {end} -->{ANN}<!-- </Patient> --><Tumor>{SITE}<!-- </Tumor> --></Tumor>"
            "<?x </Patient> ?></Patient><!-- <Patient> -->")),
        plain("instance attributes do no harm", one(
            SITE.replace("<Item", '<Item xsi:type="a"'), ANN, extra=f" {xsi}").replace("<Tumor>", '<Tumor xsi:nil="false">')),
        plain("namespace by references", one(SITE, ANN, xmlns=f'xmlns="{NS.replace("n", "&#110;")}"')),
        plain("root attributes by references", one(SITE, ANN, kind="&#65;", version="2&#54;0")),
        plain("a bare DOCTYPE", one(SITE, ANN, start=f"{DECLARATION}<!DOCTYPE NaaccrData>\n")),
        plain("an entity of nothing", one(f"&none;{SITE}<Item naaccrId='grade'>&none;</Item>", ANN, start=dtd)),
        case("many tumors", doc(f"<Patient>{many}</Patient>"), [
            row for n in range(1500) for row in items(f"1.{n + 1}", tumorRecordNumber=f"{n % 100:02}")], patients=1),
        case("many patients on one line", doc(f"<Patient>{ANN}</Patient>" * 3000),
             [row for n in range(3000) for row in items(str(n + 1), nameLast="Doe")], patients=3000),
    ]  # fmt: skip


LEGAL = [*_traps(), *_markup(), *_values(), *_encodings(), *_structure(), *_packed()]
