"""Reading reports of official EDITS runs: delimited, fixed columns, text; what cannot be read stays whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import BadInput
from registry.formats.edit_results import read_edit_results, read_mapping

TABLE = b"""source = "State v26"
covers = "facilities"
[columns]
facility = "Facility"
accession = "Accession #"
sequence = "Seq"
tag = "Tag"
edit = "Edit Name"
message = "Message"
severity = "Type"
[severity]
E = "error"
W = "warning"
O = "review"
"""
HEADER = "Facility,Accession #,Seq,Tag,Edit Name,Message,Type\n"
TEXT = rb"""source = "Text"
format = "lines"
[severity]
E = "error"
W = "warning"
[lines]
record = 'Facility (?P<facility>\d+) Accession (?P<accession>\d+)/(?P<sequence>\d\d)'
failure = '^ +(?P<tag>N\d{4}) (?P<severity>[EW]) (?P<message>.+)'
ignore = ['^Page ', '^=+$']
"""


def test_a_table_is_read_by_the_names_of_its_columns() -> None:
    mapping = read_mapping(TABLE)
    assert (mapping.source, mapping.covers, mapping.sent) == ("State v26", "facilities", "abstracts")
    rows = (
        'x,202300001,00,N0045,"Site, Morph","Conflict,\nover two lines",o\n9990010,202300002,,N0046,Other,,\n'
    )
    found = read_edit_results((HEADER + rows).encode("cp1252"), mapping)
    assert found.rows.select("line", "facility", "accession", "sequence", "tag", "edit", "message", "severity").rows() == [
        (2, "x", "202300001", "00", "N0045", "Site, Morph", "Conflict,\nover two lines", "review"),
        (4, "9990010", "202300002", None, "N0046", "Other", None, "error"),
    ]  # fmt: skip
    assert found.bad.is_empty()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("9990010,202300001,00,N0045,Name,Message", "has 6 cells, the header 7"),
        ('9990010,202300001,00,N0045,"Name,Message,E', "a quote is not closed"),
        ("9990010,202300001,00,,,Message,E", "names no edit"),
        ("9990010,,00,N0045,Name,Message,E", "names no record"),
        ('9990010,202300001,00,N0045,"Na"me,Message,E', "is not a readable row"),
    ],
)
def test_a_line_that_is_no_result_stays_whole_and_the_others_are_read(line: str, reason: str) -> None:
    good = "9990010,202300001,00,N0045,Name,Message,E"
    found = read_edit_results(f"{HEADER}{good}\n{line}\n{good}\n".encode(), read_mapping(TABLE))
    assert found.rows["line"].to_list() == [2, 4]
    assert found.bad.select("line", "text").rows() == [(3, line)]
    assert found.bad["reason"][0].startswith(reason)


def test_an_unknown_severity_counts_as_error_and_is_said_once() -> None:
    rows = "9990010,202300001,00,N0045,Name,Message,Q\n" * 3
    found = read_edit_results((HEADER + rows).encode(), read_mapping(TABLE))
    assert found.rows["severity"].to_list() == ["error"] * 3
    assert [line.split(": ", 1)[1] for line in found.warnings] == [
        "severity 'Q' is not in the mapping (3 rows count as error)"
    ]


def test_columns_by_position_and_tabs() -> None:
    mapping = read_mapping(b'source="S"\ndelimiter="\\t"\nskip=1\n[columns]\npatient=1\ntumor=2\ntag=4\n')
    found = read_edit_results(b"Report of today\n12\t01\tx\tN1\n\n13\t02\n", mapping)
    assert found.rows.select("line", "patient", "tumor", "tag").rows() == [(2, "12", "01", "N1")]
    assert found.bad.row(0) == (4, "13\t02", "has 2 cells, the mapping asks for 4")


def test_fixed_columns() -> None:
    mapping = read_mapping(
        b'source="S"\nformat="fixed"\n[columns]\nfacility=[1,10]\naccession=[11,9]\ntag=[22,5]\n'
    )
    found = read_edit_results(b"0009990010202300001  N0045 text\n", mapping)
    assert found.rows.select("facility", "accession", "tag").row(0) == ("0009990010", "202300001", "N0045")


def test_a_text_report_names_the_record_above_its_failures() -> None:
    report = b"""Page 1
=====
Facility 9990010 Accession 202300001/00
   N0045 E Site and morphology conflict
   N0046 W Look again
What is this line?
   N0047 E of whom?
Facility 9990010 Accession 202300002/01
   N0045 E Site and morphology conflict
"""
    found = read_edit_results(report, read_mapping(TEXT))
    assert found.rows.select("line", "accession", "sequence", "tag", "severity").rows() == [
        (4, "202300001", "00", "N0045", "error"), (5, "202300001", "00", "N0046", "warning"),
        (9, "202300002", "01", "N0045", "error"),
    ]  # fmt: skip
    # a line that fits nothing may have named another record: what follows belongs to nobody
    assert found.bad.select("line", "reason").rows() == [
        (6, "fits no pattern of the mapping"), (7, "names no record"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        (b"not toml", "not a readable mapping"),
        (b'colour = "blue"', "'colour' is no word of a mapping"),
        (b'format = "xml"', "format 'xml' is not known"),
        (b'source = "x"', "has no [columns]"),
        (b"[columns]\ncolour = 1", "'colour' is not known"),
        (b"[columns]\ntag = 0\naccession = 1", "tag is not a header name"),
        (b'format = "fixed"\n[columns]\ntag = 1', "tag is not [first position, length]"),
        (b"[columns]\naccession = 1", "names no edit"),
        (b"[columns]\ntag = 1", "names no record"),
        (b'[columns]\ntag = 1\naccession = 2\n[severity]\nE = "fatal"', "severity 'fatal' is not known"),
        (b'delimiter = "--"\n[columns]\ntag = 1\naccession = 2', "delimiter is one character"),
        (b'format = "lines"', "has no [lines] failure"),
        (b'format = "lines"\n[lines]\nfailure = "("', "holds no regular expression"),
        (b'format = "lines"\n[lines]\nfailure = "(?P<colour>x)"', "group 'colour' is not known"),
    ],
)
def test_a_wrong_mapping_is_one_line(mapping: bytes, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_mapping(mapping)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (b" \n", "is empty"),
        (b"a\x00b", "is no text"),
        (b"Facility,Seq\n1,2\n", "has no column 'Accession #'"),
    ],
)
def test_a_file_that_is_no_report_is_one_line(report: bytes, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_edit_results(report, read_mapping(TABLE))
    assert said in str(caught.value)


PLAIN = st.text(st.characters(exclude_characters='"\r\n\x00', exclude_categories=["Cs"]), max_size=40)


@given(st.lists(PLAIN, min_size=1, max_size=30))
def test_every_line_is_a_row_or_kept_as_bad(lines: list[str]) -> None:
    data = "\n".join(["n,t", *lines]).encode()
    wanted = [number for number, line in enumerate(lines, 2) if line.strip()]
    for mapping in (
        b"skip=1\n[columns]\naccession=1\ntag=2\n",
        b'skip=1\nformat="lines"\n[lines]\nfailure="(?P<accession>[0-9]+),(?P<tag>.)"\n',
    ):
        found = read_edit_results(data, read_mapping(mapping))
        assert sorted([*found.rows["line"], *found.bad["line"]]) == wanted
        texts = dict(found.bad.select("line", "text").iter_rows())
        assert all(lines[number - 2] == text for number, text in texts.items())
