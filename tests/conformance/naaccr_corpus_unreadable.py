"""Documents that can't be read: one File row with its code, exit 2, not one item."""

from __future__ import annotations

import gzip
import io
import zipfile

from tests.conformance.naaccr_corpus_base import DECLARATION, NS, Case, broken, doc, item, one
from tests.conformance.naaccr_corpus_legal import ANN, SITE

GOOD = one(SITE, ANN, mark="")
RAW = GOOD.encode()
LONG = doc("".join(f"<Patient>{ANN}<Tumor>{SITE}</Tumor></Patient>\n" for _ in range(3)), mark="").encode()


def _cut() -> list[Case]:
    """Cut off: nowhere, in the declaration, in tags, values, attributes, and just before the end."""
    end = len(LONG.rstrip())
    places = sorted({0, 1, 5, 20, 54, 56, *range(60, end, 37), *(end - n for n in (1, 2, 11, 12, 13, 14))})
    found = [broken(f"cut after {at} bytes", LONG[:at]) for at in places]
    wide = b"\xff\xfe" + GOOD.replace(DECLARATION, "").encode("utf-16-le")
    return [
        *found,
        broken("a file of blanks", " \n\t\n"),
        broken("declaration only", DECLARATION),
        broken("comment only", DECLARATION + "<!-- nothing -->"),
        broken("byte order mark only", b"\xef\xbb\xbf"),
        broken("cut inside CDATA", GOOD.replace("C504", "<![CDATA[C504")),
        broken("cut inside a comment", GOOD.replace("C504", "<!-- C504")),
        broken("cut inside an instruction", GOOD.replace("C504", "<?x C504")),
        broken("cut in the middle of a letter", GOOD.replace("Doe", "Zo\u00eb").encode().split(b"\xab")[0]),
        broken("UTF-16 cut off", wide[:-40]),
        broken("UTF-16 with half a letter", wide[:-1]),
    ]


def _ends() -> list[Case]:
    return [
        broken("text after the root", GOOD + "x"),
        broken("zeros after the root", RAW + b"\0\0\0\0"),
        broken("a reference after the root", GOOD + "&#32;"),
        broken("CDATA after the root", GOOD + "<![CDATA[ ]]>"),
        broken("a second root", GOOD + "<NaaccrData/>"),
        broken("two whole documents", GOOD + GOOD),
        broken("an end tag after the root", GOOD + "</NaaccrData>"),
        broken("text before the root", GOOD.replace(DECLARATION, "x")),
        broken("declaration not at the start", "\n" + GOOD),
        broken("two byte order marks", "\ufeff\ufeff" + GOOD),
        broken("declaration twice", DECLARATION + GOOD),
        broken("declaration inside", GOOD.replace("<Patient>", "<?xml version='1.0'?><Patient>")),
        broken("a DOCTYPE after the root's start", GOOD.replace("<Patient>", "<!DOCTYPE a><Patient>")),
    ]


def _tags() -> list[Case]:
    def swap(name: str, old: str, new: str) -> Case:
        assert old in GOOD
        return broken(name, GOOD.replace(old, new, 1))

    return [
        swap("end tag missing", "</Tumor>", ""),
        swap("end tag too many", "</Tumor>", "</Tumor></Tumor>"),
        swap("end tag in other letters", "</Tumor>", "</tumor>"),
        swap("end tags crossed", "</Tumor>\n</Patient>", "</Patient></Tumor>"),
        swap("end tag with an attribute", "</Tumor>", '</Tumor a="1">'),
        swap("end tag of another prefix", "</Tumor>", "</n:Tumor>"),
        swap("tag without end", "<Tumor>", "<Tumor"),
        swap("blank before a tag's name", "<Tumor>", "< Tumor>"),
        swap("name that starts with a digit", "<Tumor>\n", "<Tumor><1a/>\n"),
        swap("attribute without quotes", 'naaccrId="primarySite"', "naaccrId=primarySite"),
        swap("attribute without value", 'naaccrId="primarySite"', "naaccrId"),
        swap("attribute with one quote", 'naaccrId="primarySite"', 'naaccrId="primarySite'),
        swap("attributes without a blank between", 'naaccrId="primarySite"', 'naaccrId="primarySite"naaccrNum="400"'),
        swap("attribute twice", 'naaccrId="primarySite"', 'naaccrId="primarySite" naaccrId="primarySite"'),
        swap("attribute twice at the root", "recordType=", 'recordType="A" recordType='),
        swap("attribute twice by two prefixes", 'naaccrId="primarySite"',
             'xmlns:a="urn:x" xmlns:b="urn:x" a:c="1" b:c="2" naaccrId="primarySite"'),
        swap("attribute with two kinds of quotes", 'naaccrId="primarySite"', "naaccrId=\"primarySite'"),
        swap("end tag of something longer", "</Tumor>", "</Tumors>"),
        swap("end tag of something shorter", "</Patient>", "</Patien>"),
        swap("less-than in an attribute", 'naaccrId="primarySite"', 'naaccrId="primary<Site"'),
        swap("less-than in a value", "C504", "5 < 6"),
        swap("ampersand in a value", "C504", "A & B"),
        swap("ampersand at the end of a value", "C504", "A&"),
        swap("reference without semicolon", "C504", "A&amp B"),
        swap("reference without digits", "C504", "A&#;"),
        swap("reference with a letter", "C504", "A&#1a;"),
        swap("reference to zero", "C504", "A&#0;"),
        swap("reference to a control character", "C504", "A&#1;"),
        swap("reference to half a pair", "C504", "&#xD83D;&#xDE00;"),
        swap("reference to no letter", "C504", "&#xFFFE;"),
        swap("reference beyond all letters", "C504", "&#x110000;"),
        swap("entity that nobody declared", "C504", "&nbsp;"),
        swap("end of CDATA without start", "C504", "a ]]> b"),
        swap("CDATA in small letters", "C504", "<![cdata[a]]>"),
        swap("two hyphens in a comment", "<Tumor>", "<!-- a -- b --><Tumor>"),
        swap("comment that ends in three hyphens", "<Tumor>", "<!-- a ---><Tumor>"),
        swap("prefix that nobody declared", "<Tumor>\n", '<Tumor><x:a/>\n'),
        swap("attribute prefix that nobody declared", 'naaccrId="primarySite"', 'x:a="1" naaccrId="primarySite"'),
        swap("prefix declared as nothing", "<Tumor>\n", '<Tumor><x:a xmlns:x=""/>\n'),
        swap("name with two colons", "<Tumor>\n", '<Tumor><x:a:b xmlns:x="urn:x"/>\n'),
        swap("prefix xml bound to something else", "<Tumor>\n", '<Tumor><a xmlns:xml="urn:x"/>\n'),
    ]  # fmt: skip


def _letters() -> list[Case]:
    def put(name: str, raw: bytes) -> Case:
        return broken(name, RAW.replace(b"C504", raw))

    return [
        put("zero byte", b"C\x00504"),
        put("control character", b"C\x01504"),
        put("vertical tab", b"C\x0b504"),
        put("form feed", b"C\x0c504"),
        put("escape", b"C\x1b[0m"),
        put("Latin-1 letter in UTF-8", b"Zo\xeb"),
        put("overlong UTF-8", b"\xc0\x80"),
        put("overlong slash", b"\xe0\x80\xaf"),
        put("half a pair in UTF-8", b"\xed\xa0\x80"),
        put("beyond all letters in UTF-8", b"\xf4\x90\x80\x80"),
        put("UTF-8 byte that never comes", b"\xff"),
        put("UTF-8 letter cut off", b"\xe2\x82"),
        put("continuation alone", b"\x80"),
        put("U+FFFF", "\uffff".encode()),
        broken("bad UTF-8 in a comment", RAW.replace(b"<Patient>", b"<!-- \xe9 --><Patient>")),
        broken("control character in an attribute", RAW.replace(b"primarySite", b"primary\x02Site")),
        broken("zero byte between elements", RAW.replace(b"<Patient>", b"\x00<Patient>")),
        broken("bad UTF-8 after good patients", LONG[:-40] + b"\xff" + LONG[-40:]),
        broken("UTF-16 named, UTF-8 written", RAW.replace(b'"UTF-8"', b'"UTF-16"')),
        broken("encoding that nobody knows", RAW.replace(b'"UTF-8"', b'"X-REGISTRY"')),
        broken("encoding without a name", RAW.replace(b'"UTF-8"', b'""')),
        broken("US-ASCII named, others written", RAW.replace(b'"UTF-8"', b'"US-ASCII"').replace(b"Doe", b"Zo\xc3\xab")),
        broken("UTF-16 with half a pair", b"\xff\xfe" + GOOD.replace(DECLARATION, "").replace("C504", "\ud83d")
               .encode("utf-16-le", "surrogatepass")),
        broken("declaration without version", RAW.replace(b'version="1.0" ', b"")),
        broken("control character in XML 1.1", RAW.replace(b'"1.0"', b'"1.1"', 1).replace(b"C504", b"C\x01504")),
        broken("zero by reference in XML 1.1", RAW.replace(b'"1.0"', b'"1.1"', 1).replace(b"C504", b"C&#0;504")),
    ]  # fmt: skip


def _entities() -> list[Case]:
    def dtd(name: str, inside: str, written: str = "C504", outside: str = "") -> Case:
        start = f"{DECLARATION}<!DOCTYPE NaaccrData {outside}{f'[{inside}]' if inside else ''}>\n"
        return broken(name, one(item("primarySite", written), ANN, start=start))

    bomb = '<!ENTITY a0 "0123456789">' + "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)
    )
    flat = f'<!ENTITY a "{"x" * 100_000}">'
    return [
        dtd("bomb of ten steps", bomb, "&a9;"),
        dtd("bomb of many references", flat, "&a;" * 5000),
        broken("bomb over many items", one((item("textRemarks", "&a;") + "\n") * 5000, start=f"{DECLARATION}"
               f"<!DOCTYPE NaaccrData [{flat}]>\n")),
        dtd("bomb in an attribute", bomb.replace("a9", "z"), '</Item><Item naaccrId="&a8;">'),
        dtd("entity of itself", '<!ENTITY a "&b;"><!ENTITY b "&a;">', "&a;"),
        dtd("entity with half an element", '<!ENTITY a "<Item>">', "&a;"),
        dtd("entity that is not declared", '<!ENTITY a "1">', "&b;"),
        dtd("external entity of a file", '<!ENTITY a SYSTEM "file:///etc/hostname">', "&a;"),
        dtd("external entity of an address", '<!ENTITY a SYSTEM "http://127.0.0.1:9/a">', "&a;"),
        dtd("external entity that nobody uses", '<!ENTITY a SYSTEM "a.txt">'),
        dtd("public entity", '<!ENTITY a PUBLIC "-//A//B" "a.txt">', "&a;"),
        dtd("external parameter entity", '<!ENTITY % a SYSTEM "a.dtd"> %a;'),
        dtd("external DTD", "", outside='SYSTEM "naaccr.dtd"'),
        dtd("public DTD", "", outside='PUBLIC "-//A//B" "http://127.0.0.1:9/a.dtd"'),
        dtd("external DTD with an internal part", '<!ENTITY a "1">', outside='SYSTEM "naaccr.dtd"'),
        broken("deep nesting", one(SITE + "<a>" * 200_000 + "</a>" * 200_000)),
        broken("deep nesting of an extension", one(SITE + '<x:a xmlns:x="urn:x">' + "<x:b>" * 100_000
               + "</x:b>" * 100_000 + "</x:a>")),
    ]  # fmt: skip


def _kinds() -> list[Case]:
    def root(name: str, code: str, text: str) -> Case:
        return broken(name, text, code)

    other = one(SITE, ANN, xmlns='xmlns="http://example.org/other"')
    return [
        root("root in small letters", "wrong-root", one(SITE, tag="naaccrdata")),
        root("root is a dictionary", "wrong-root", f'<NaaccrDictionary xmlns="{NS}"><ItemDefs/></NaaccrDictionary>'),
        root("root is a Patient", "wrong-root", f'<Patient xmlns="{NS}">{ANN}</Patient>'),
        root("root of another standard", "wrong-root", '<ClinicalDocument xmlns="urn:hl7-org:v3"/>'),
        root("a web page", "wrong-root", "<html><body><p>Sorry</p></body></html>"),
        root("namespace of somebody else", "namespace", other),
        root("namespace of somebody else under a prefix", "namespace",
             '<n:NaaccrData xmlns:n="http://example.org/other" baseDictionaryUri="a"/>'),
        root("namespace in other letters", "namespace", GOOD.replace(f'"{NS}"', f'"{NS.upper()}"')),
        root("namespace with a slash", "namespace", GOOD.replace(f'xmlns="{NS}"', f'xmlns="{NS}/"')),
        root("base dictionary missing", "base-dictionary", one(SITE, ANN, uri="-")),
        root("base dictionary empty", "base-dictionary", one(SITE, ANN, uri="")),
        root("base dictionary of the future", "base-dictionary", one(SITE, ANN, version="990")),
        root("base dictionary of an old version", "base-dictionary", one(SITE, ANN, version="130")),
        root("base dictionary of no version", "base-dictionary", one(SITE, ANN, uri="https://example.org/my.xml")),
        root("base dictionary missing, no patients", "base-dictionary", doc("", uri="-")),
        root("not XML: HL7", "not-well-formed", "MSH|^~\\&|LAB|A|B|C|20260105||ORU^R01|1|P|2.5.1\r"),
        root("not XML: CSV", "not-well-formed", "primarySite,laterality\nC504,2\n"),
        root("not XML: JSON", "not-well-formed", '{"primarySite": "C504"}\n'),
        root("not XML: fixed columns", "not-well-formed", "I" + " " * 300 + "\n"),
        broken("not XML: bytes", bytes(range(256)) * 4),
    ]  # fmt: skip


def _packed() -> list[Case]:
    packed = gzip.compress(RAW, mtime=0)
    folder = io.BytesIO()
    with zipfile.ZipFile(folder, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("a.xml", (2026, 1, 5, 0, 0, 0)), RAW[:-20])
    hurt = bytearray(packed)
    hurt[len(hurt) // 2] ^= 0xFF
    return [
        broken("gzip cut off", packed[:-30], suffix=".xml.gz"),
        broken("gzip without its end", packed[:-8], suffix=".xml.gz"),
        broken("gzip hurt", bytes(hurt), suffix=".xml.gz"),
        broken("gzip of nothing", gzip.compress(b"", mtime=0), suffix=".xml.gz"),
        broken("gzip of a cut file", gzip.compress(RAW[:-20], mtime=0), suffix=".xml.gz"),
        broken("zip of a cut file", folder.getvalue(), suffix=".zip"),
    ]


UNREADABLE = [*_cut(), *_ends(), *_tags(), *_letters(), *_entities(), *_kinds(), *_packed()]
