"""`registry stats survival` without a file: the registry's own patients, small numbers hidden."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from registry.cli.options import Options
from registry.cli.stats.answers import Format, decimals, figures, tell
from registry.cli.stats.tables import listed, number_text
from registry.errors import BadInput

SIMPLE = ("by", "site", "sex", "stage", "year_from", "year_to", "profile", "as_of", "cohort")
"""What the plain question, Kaplan–Meier of one grouping, takes."""
MODELS = {
    "cox": ("covariates", "strata", "ties"),
    "excess": ("covariates", "intervals", "approach", "period", "life_table"),
}
"""Models, operations of their own, and the options that each takes beside the selection."""
OF_MODELS = ("covariates", "strata", "ties", "intervals")
FURTHER = ("method", "approach", "period", "given", "age_weights", "life_table", "ci", "test")
"""What only the question after a method takes."""
SAME = {"pohar-perme": "net", "aalen-johansen": "competing"}
"""What the file command calls a method → what the database calls it."""
BESIDE = {
    "rmst": "kaplan-meier",
    "quantiles": "kaplan-meier",
    "log-rank": "kaplan-meier",
    "gray": "competing",
}
"""Methods of the file command that stand beside another one here."""
WITH_SCALE = ("kaplan-meier", "cause-specific", "conditional", "life-table")
"""Methods whose limits have a choice of scales."""
YEAR = 365.25
THREE: dict[str, Format] = {
    **dict.fromkeys(("survival", "estimate", "lower", "upper"), decimals(3)), "years": number_text
}  # fmt: skip
TWO: dict[str, Format] = {**dict.fromkeys(("years", "lower", "upper"), decimals(2)), "until": number_text}
MODEL: dict[str, Format] = dict.fromkeys(("hazard_ratio", "lower", "upper", "rate", "chisq"), decimals(3))


def answer(options: Options, given: dict[str, Any]) -> int:
    """Ask the registry and print the answer."""
    if given["method"] in MODELS:
        return _model(options, given)
    if foreign := [name for name in OF_MODELS if given[name] is not None]:
        raise BadInput(f"--{foreign[0]}", "goes with --method cox or excess", "leave it out")
    if given["test"] is not None and not given["by"]:
        raise BadInput("--test", "compares groups", "say which with --by")
    method = SAME.get(given["method"], given["method"]) or "kaplan-meier"
    if given["ci"] is not None and method not in WITH_SCALE:
        raise BadInput("--ci", f"does not go with --method {method}", f"it goes with {', '.join(WITH_SCALE)}")
    further = any(given[name] is not None for name in FURTHER) or "," in (given["by"] or "")
    asked = (
        _by_method(given) if further else {name: given[name] for name in SIMPLE if given[name] is not None}
    )
    with options.connect() as session:
        found = session.run("survival.estimate" if further else "survival.kaplan_meier", **asked)
    table = found["at_years"]
    parts = [figures(table, **THREE)]
    if further:
        parts = [_title(found["method"]), *parts, *_below(found)]
    return tell(options, found, *parts, table=table, out=given["out"], methods=bool(given["methods"]))


def _title(method: str) -> str:
    from registry.service.statistics.survival_methods import METHODS

    return f"{METHODS[method].title}; years since diagnosis, 95 % limits"


def _below(found: Mapping[str, Any]) -> Iterator[str]:
    """What stands under the table: medians, means, the test."""
    titles = {
        "median": "median survival (years)",
        "mean": "mean years lived up to `until` (restricted mean survival)",
    }
    for name, title in titles.items():
        if found.get(name) is not None and found[name].height:
            yield f"\n{title}\n{figures(found[name], **TWO)}"
    yield f"\n{_test_line(found['test'])}\n" if found.get("test") else ""


def _model(options: Options, given: dict[str, Any]) -> int:
    """A model's terms."""
    method = given["method"]
    taken = (*MODELS[method], *(name for name in SIMPLE if name != "by"), "method")
    further = dict.fromkeys((*SIMPLE, *FURTHER, *OF_MODELS))
    if foreign := [name for name in further if given[name] is not None and name not in taken]:
        raise BadInput(
            f"--{foreign[0].replace('_', '-')}", f"does not go with --method {method}", "leave it out"
        )
    asked = _by_method({name: given[name] if name in taken else None for name in given})
    asked = {name: value for name, value in asked.items() if name != "method"}
    asked["covariates"] = listed(given["covariates"], "--covariates") or ["age", "sex", "stage"]
    for name in ("strata", "ties") if method == "cox" else ():
        asked[name] = given[name]
    if method == "excess":
        asked["intervals"] = _numbers(given["intervals"])
    with options.connect() as session:
        found = session.run(
            f"survival.{method}", **{name: value for name, value in asked.items() if value is not None}
        )
    names = [name for name in ("terms", "baseline", "proportional") if found.get(name) is not None]
    parts = [
        figures(found[name], **MODEL, p=_p, **{"from": number_text, "to": number_text}) + "\n"
        for name in names
    ]
    return tell(
        options, found, *parts, table=found["terms"], out=given["out"], methods=bool(given["methods"])
    )


def _p(value: float) -> str:
    return "<0.0001" if value < 0.0001 else f"{value:.4f}"


def _numbers(text: str | None) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(part) for part in listed(text, "--intervals")]
    except ValueError:
        raise BadInput("--intervals", "are no numbers of years", "write for example 0,1,2,5") from None


def _by_method(given: dict[str, Any]) -> dict[str, Any]:
    """Arguments of `survival.estimate`."""
    method = SAME.get(given["method"], given["method"])
    if method in BESIDE:
        option = " with --test" if method in ("log-rank", "gray") else ""
        raise BadInput(
            f"--method {method}", "goes with --input only", f"it is part of {BESIDE[method]}{option} here"
        )
    asked = {
        "by": listed(given["by"], "--by") or None,
        "sites": given["site"] and [given["site"]],
        "sexes": given["sex"] and [given["sex"]],
        "stages": given["stage"] and [given["stage"]],
        "standard": given["age_weights"],
        "period": _years(given["period"]),
        "given": _number_of_years(given["given"]),
    }
    same = (
        "year_from",
        "year_to",
        "approach",
        "life_table",
        "ci",
        "test",
        "profile",
        "as_of",
        "cohort",
    )
    asked |= {"method": method, **{name: given[name] for name in same}}
    return {name: value for name, value in asked.items() if value is not None}


def _years(text: str | None) -> list[int] | None:
    if text is None:
        return None
    parts = text.split(":")
    if len(parts) != 2 or not all(len(part) == 4 and part.isdigit() for part in parts):
        raise BadInput("--period", "is not two years", "write 2015:2019, or days with --input")
    return [int(part) for part in parts]


def _number_of_years(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return float(text) / YEAR
    except ValueError:
        raise BadInput("--given", "is no number of days", "write for example 365.25") from None


def _test_line(test: dict[str, Any]) -> str:
    chisq, p = test.get("chisq"), test.get("p")
    if chisq is None or p is None:
        return f"{test['title']}: not shown"
    return f"{test['title']}: chi-square {chisq:.2f}, {test['df']} degree{'s' * (test['df'] != 1)} of freedom, p {p:.4g}"
