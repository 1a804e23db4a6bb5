"""Moments and periods over years of changing clocks: each night has one moment, each period one name."""

from __future__ import annotations

import datetime as dt
import itertools
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.errors import BadInput
from registry.service.jobs import periods

ZONES = (
    "America/New_York", "America/Sao_Paulo", "America/Santiago", "Asia/Beirut", "Australia/Lord_Howe", "Pacific/Apia",
    "Africa/Casablanca", "Europe/Dublin", "UTC",
)  # fmt: skip


def at(text: str, zone: str = "UTC") -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("hour", [0, 2])
def test_every_night_has_one_moment_whatever_the_clock_does(zone: str, hour: int) -> None:
    """2017 and 2018: days without midnight in Brazil, half an hour in Lord Howe, two changes a year in Morocco."""
    where = ZoneInfo(zone)
    start, end = at("2017-01-01", zone), at("2019-01-01", zone)
    found = list(periods.moments((("hour", str(hour)), ("minute", "30")), "day", where, start, end))
    days = [moment.period for moment in found]
    assert days == [(dt.date(2017, 1, 1) + dt.timedelta(days=n)).isoformat() for n in range(730)]
    steps = [later.at - sooner.at for sooner, later in itertools.pairwise(found)]
    assert all(dt.timedelta(hours=22) <= step <= dt.timedelta(hours=26) for step in steps)


def test_a_day_that_a_country_left_out_is_not_run_twice() -> None:
    """Samoa had no 30 December 2011: its moment falls on the clock of the day after."""
    where = ZoneInfo("Pacific/Apia")
    found = list(
        periods.moments(
            (("hour", "1"),), "day", where, at("2011-12-28", "Pacific/Apia"), at("2012-01-02", "Pacific/Apia")
        )
    )
    assert [moment.period for moment in found] == [
        "2011-12-28",
        "2011-12-29",
        "2011-12-30",
        "2011-12-31",
        "2012-01-01",
    ]
    assert len({moment.at for moment in found} - {None}) >= 4


def test_spring_and_autumn_in_new_york() -> None:
    where = ZoneInfo("America/New_York")
    spring = list(
        periods.moments(
            (("hour", "2"), ("minute", "30")), "day", where, at("2027-03-13T12:00"), at("2027-03-15T12:00")
        )
    )
    assert [moment.at.isoformat() for moment in spring] == [
        "2027-03-14T07:30:00+00:00",
        "2027-03-15T06:30:00+00:00",
    ]
    autumn = list(
        periods.moments(
            (("hour", "1"), ("minute", "30")), "day", where, at("2026-10-31T12:00"), at("2026-11-02T12:00")
        )
    )
    assert [moment.at.isoformat() for moment in autumn] == [
        "2026-11-01T05:30:00+00:00",
        "2026-11-02T06:30:00+00:00",
    ]
    assert [moment.as_of.isoformat() for moment in autumn] == ["2026-11-01", "2026-11-02"]


def test_the_local_date_names_the_period() -> None:
    """Half past midnight of the first in Auckland is still the month before in UTC."""
    fields = (("day", "1"), ("hour", "0"), ("minute", "30"))
    found = periods.newest_moment(fields, "month", ZoneInfo("Pacific/Auckland"), at("2026-10-31T12:00"))
    assert found is not None
    assert (found.period, found.as_of, found.at) == ("2026-11", dt.date(2026, 11, 1), at("2026-10-31T11:30"))


@given(st.dates(dt.date(1990, 1, 1), dt.date(2090, 12, 31)), st.sampled_from(periods.KINDS))
def test_a_period_and_its_first_day_belong_together(day: dt.date, kind: str) -> None:
    period = periods.period_of(kind, day)
    first = periods.first_day(kind, period)
    assert first <= day
    assert periods.period_of(kind, first) == period
    assert periods.period_of(kind, first - dt.timedelta(days=1)) != period


@settings(max_examples=40, deadline=None)
@given(
    st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2030, 1, 1)),
    st.lists(st.integers(0, 60 * 24 * 40), min_size=1, max_size=4),
    st.sampled_from(ZONES),
)
def test_however_often_one_looks_the_moments_are_the_same(
    start: dt.datetime, gaps: list[int], zone: str
) -> None:
    fields, where = (("day_of_week", "mon"), ("hour", "0"), ("minute", "20")), ZoneInfo(zone)
    looks = [start.replace(tzinfo=dt.UTC)]
    for minutes in gaps:
        looks.append(looks[-1] + dt.timedelta(minutes=minutes))
    parts = [
        moment
        for sooner, later in itertools.pairwise(looks)
        for moment in periods.moments(fields, "week", where, sooner, later)
    ]
    assert parts == list(periods.moments(fields, "week", where, looks[0], looks[-1]))


@pytest.mark.parametrize(
    ("kind", "period"),
    [("day", "2026-02-29"), ("day", "2026-11"), ("week", "2027-W53"), ("week", "2026-47"), ("month", "2026-13"),
     ("month", "2026-11-01"), ("year", "26"), ("year", "2026 "), ("day", "２０２６-11-22"), ("day", "../2026-11-22")],
)  # fmt: skip
def test_no_period_is_refused_with_an_example(kind: str, period: str) -> None:
    with pytest.raises(BadInput, match=rf"is not a {kind}; write it as 2026"):
        periods.first_day(kind, period)


def test_a_leap_day_schedule_comes_every_four_years() -> None:
    fields = (("month", "2"), ("day", "29"), ("hour", "1"))
    periods.check_once(fields, "year", "jobs.toml", "[jobs.x]")
    found = periods.next_moment(fields, "year", ZoneInfo("UTC"), at("2026-11-22"))
    assert found is not None
    assert found.period == "2028"
    assert periods.newest_moment((("year", "2019"),), "year", ZoneInfo("UTC"), at("2026-11-22")) is None
    assert periods.next_moment((("year", "2019"),), "year", ZoneInfo("UTC"), at("2026-11-22")) is None
