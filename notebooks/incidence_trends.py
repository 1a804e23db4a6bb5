"""Where incidence changes its course: joinpoint trends of age-adjusted rates, from a published research snapshot.

Look at it:    marimo run notebooks/incidence_trends.py -- --snapshot FOLDER --population population.csv
Work with it:  marimo edit notebooks/incidence_trends.py -- --snapshot FOLDER --population population.csv
As a script:   python notebooks/incidence_trends.py --snapshot FOLDER --population population.csv

The folder is what `registry publish` writes: patients.parquet, tumors.parquet, manifest.json. All of it is de-identified.
The population file has state, county, year, sex, race, age_group, population, as `registry stats population load` takes it.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Incidence trends")

with app.setup:
    import datetime as dt
    import json
    import sys
    from itertools import combinations
    from pathlib import Path

    import marimo as mo
    import numpy as np
    import plotly.graph_objects as go
    import polars as pl

    from registry import analytics
    from registry.analytics.incidence import age_adjusted_rates, age_group, delay_flags
    from registry.analytics.incidence.delay import SETTLED_MONTHS
    from registry.analytics.trend import compare_trends
    from registry.errors import BadInput

    SEXES = {"1": "men", "2": "women"}
    SITES_SHOWN = 4
    #: colours that stay apart for colour-blind readers (Okabe and Ito 2008), with a line style each
    LOOK = [
        ("#0072B2", "solid", "circle"), ("#D55E00", "dash", "square"), ("#009E73", "dot", "diamond"),
        ("#CC79A7", "dashdot", "triangle-up"), ("#E69F00", "longdash", "x"), ("#56B4E9", "longdashdot", "cross"),
    ]  # fmt: skip


@app.cell(hide_code=True)
def introduction():
    mo.md(
        """
        # Incidence trends

        Which tumors are counted: malignant ones, and in situ ones of the urinary bladder, of people whose sex and age are
        known. Rates are per 100,000 person-years, age-adjusted to the US standard population of 2000. A trend is a chain
        of straight lines on the log scale, weighted by the precision of each year's rate; where they meet (a joinpoint)
        the annual percent change becomes another one. The number of joinpoints is chosen by the permutation test of Kim
        et al. (2000); the choice by BIC stands beside it. Years that are still being reported (they ended less than 22
        months before the snapshot) are drawn hollow and not fitted. Counts below the threshold are not shown, and a series with such a year has no trend.
        """
    )
    return


@app.function
def load(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame, dict]:
    """Patients, tumors and manifest of a snapshot."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return pl.read_parquet(folder / "patients.parquet"), pl.read_parquet(folder / "tumors.parquet"), manifest


@app.function
def people_of(file: Path) -> pl.DataFrame:
    """Person-years by year, sex and age group, all counties and races together."""
    table = pl.read_csv(file, schema_overrides={"sex": pl.String, "age_group": pl.String, "year": pl.Int32})
    # a total over races, where the file has one, has a blank race; else the races are added up
    blank = pl.col("race").cast(pl.String).fill_null("") == ""
    return (
        table.filter(blank | ~blank.any())
        .group_by("year", "sex", "age_group")
        .agg(pl.col("population").cast(pl.Float64).sum())
        .sort("year", "sex", "age_group")
    )


@app.function
def counted(patients: pl.DataFrame, tumors: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The tumors of the study with site_group, year, sex, age_group; and how many each rule left out."""
    sexes = patients.select("study_patient_id", pl.col("sex_at_birth").alias("sex"))
    frame = tumors.join(sexes, on="study_patient_id", how="left", maintain_order="left").with_columns(
        age_group("age_at_diagnosis").cast(pl.String).alias("age_group"), pl.col("diagnosis_year").alias("year")
    )
    bladder = pl.col("primarySite").str.starts_with("C67") & (pl.col("behaviorCodeIcdO3") == "2")
    rules = {
        "not malignant": (pl.col("behaviorCodeIcdO3") == "3") | bladder,
        "year of diagnosis unknown": pl.col("year").is_not_null(),
        "sex other or unknown": pl.col("sex").is_in(list(SEXES)),
        "age unknown": pl.col("age_group").is_not_null(),
    }
    flow = [("tumors in the snapshot", 0, frame.height)]
    for reason, kept in rules.items():
        before = frame.height
        frame = frame.filter(kept.fill_null(False))
        flow.append((reason, before - frame.height, frame.height))
    return frame, pl.DataFrame(flow, schema=["reason", "excluded", "remaining"], orient="row")


@app.function
def series_asked(cases: pl.DataFrame) -> dict[str, pl.Expr]:
    """What is followed over the years: all sites by sex, and the most frequent sites (of one sex where they nearly are)."""
    asked = {f"All sites, {name}": pl.col("sex") == code for code, name in SEXES.items()}
    sizes = cases.group_by("site_group").agg(pl.len(), (pl.col("sex") == "2").mean().alias("women"))
    sizes = sizes.filter(~pl.col("site_group").is_in(["Unknown", "Other"])).sort("len", "site_group", descending=[True, False])
    for site, _, women in sizes.head(SITES_SHOWN).iter_rows():
        code = "2" if women > 0.95 else "1" if women < 0.05 else None
        of_site = pl.col("site_group") == site
        asked[f"{site}, {SEXES[code]}" if code else site] = of_site if code is None else of_site & (pl.col("sex") == code)
    return asked


@app.function
def yearly_rates(cases: pl.DataFrame, people: pl.DataFrame, asked: dict[str, pl.Expr], threshold: int) -> pl.DataFrame:
    """Counts, age-adjusted rates and limits of each series and year that has a population; small counts hidden."""
    parts = []
    for name, chosen in asked.items():
        mine = cases.filter(chosen).group_by("year", "age_group").agg(pl.len().cast(pl.Int64).alias("count"))
        sexes = [code for code, word in SEXES.items() if name.endswith(f", {word}")] or list(SEXES)
        cells = people.filter(pl.col("sex").is_in(sexes)).group_by("year", "age_group").agg(pl.col("population").sum())
        cells = cells.join(mine, on=["year", "age_group"], how="left").with_columns(pl.col("count").fill_null(0))
        parts.append(age_adjusted_rates(cells, "us2000", "year").with_columns(pl.lit(name).alias("series")))
    table = pl.concat(parts).select(
        "series", pl.col("year").cast(pl.Int64), pl.col("count").cast(pl.Int64), "rate", "se", "lower",
        pl.col("upper_tiwari").alias("upper"),
    )  # fmt: skip
    return analytics.suppress(table, threshold=threshold, also=["rate", "se", "lower", "upper"])


@app.function
def years_still_reported(cases: pl.DataFrame, as_of: str) -> pl.DataFrame:
    """Years whose reports are still awaited: year, reason. A year with few cases alone may be a turn of the trend."""
    counts = cases.group_by("year").agg(pl.len().cast(pl.Int64).alias("count")).sort("year")
    return delay_flags(counts, dt.date.fromisoformat(as_of)).filter(pl.col("months") < SETTLED_MONTHS).select("year", "reason")


@app.function
def trends_of(rates: pl.DataFrame, late: list[int]) -> tuple[dict[str, analytics.JoinpointModel], pl.DataFrame]:
    """The model of each series, and a table of choices; a series without a trend says why."""
    models, rows = {}, []
    for name in rates["series"].unique(maintain_order=True):
        mine = rates.filter((pl.col("series") == name) & ~pl.col("year").is_in(late))
        reason = "a year has too few cases to be shown" if mine["suppressed"].any() else None
        by_bic = None
        if reason is None:
            try:
                models[name] = analytics.joinpoint(mine, select="permutation", name=name)
                by_bic = len(analytics.joinpoint(mine, select="bic", name=name).joinpoints)
            except BadInput as error:
                reason = str(error)
        found = models.get(name)
        rows.append({
            "series": name, "years": mine.height,
            "joinpoints": None if found is None else ", ".join(map(str, found.joinpoints)) or "none",
            "number_by_permutation": None if found is None else len(found.joinpoints),
            "number_by_bic": by_bic, "no_trend_because": reason,
        })  # fmt: skip
    return models, pl.DataFrame(rows, infer_schema_length=None)


@app.function
def trend_figure(rates: pl.DataFrame, models: dict[str, analytics.JoinpointModel], names: list[str], late: list[int]) -> go.Figure:
    """Observed rates with their limits, and the fitted lines; hollow marks are years not fitted."""
    figure = go.Figure()
    for (colour, dash, mark), name in zip(LOOK, names, strict=False):
        mine = rates.filter((pl.col("series") == name) & pl.col("rate").is_not_null())
        figure.add_scatter(
            x=mine["year"].to_list(), y=mine["rate"].to_list(), mode="markers", name=name, legendgroup=name,
            marker={"color": colour, "size": 7, "symbol": [f"{mark}-open" if year in late else mark for year in mine["year"]]},
            error_y={
                "array": (mine["upper"] - mine["rate"]).to_list(), "arrayminus": (mine["rate"] - mine["lower"]).to_list(),
                "thickness": 1, "width": 0, "color": colour,
            },
        )  # fmt: skip
        if name in models:
            fitted = models[name].fitted
            figure.add_scatter(
                x=fitted["year"].to_list(), y=fitted["fitted"].to_list(), mode="lines", name=f"{name}, trend",
                legendgroup=name, line={"color": colour, "dash": dash, "width": 2.5},
            )  # fmt: skip
    return figure.update_layout(
        template="simple_white", height=460, margin={"l": 60, "r": 20, "t": 20, "b": 50},
        xaxis={"title": "Year of diagnosis"}, yaxis={"title": "Rate per 100,000 (age-adjusted)", "rangemode": "tozero"},
    )  # fmt: skip


@app.function
def segments_table(models: dict[str, analytics.JoinpointModel]) -> pl.DataFrame:
    """Annual percent change of each segment, and the average of the last ten years."""
    rows = []
    for name, model in models.items():
        for one in model.segments.iter_rows(named=True):
            rows.append({"series": name, "measure": "APC", **{k: one[k] for k in ("first_year", "last_year", "apc", "lower", "upper", "p")}})
        first, last = model.fitted["year"][0], model.fitted["year"][-1]
        average = model.average(max(first, last - 9), last)
        rows.append({"series": name, "measure": "AAPC", **{("apc" if k == "aapc" else k): v for k, v in average.items()}})
    return pl.DataFrame(rows).with_columns(pl.col("apc", "lower", "upper").round(2)) if rows else pl.DataFrame()


@app.function
def in_words(name: str, model: analytics.JoinpointModel) -> str:
    """One sentence on a series, from its segments."""
    parts = []
    for one in model.segments.iter_rows(named=True):
        sure = one["p"] is not None and one["p"] < 0.05
        verb = "rose" if one["apc"] > 0 else "fell"
        change = f"{verb} by {abs(one['apc']):.1f} % a year ({one['lower']:.1f} to {one['upper']:.1f})"
        stable = f"shows no clear change ({one['apc']:+.1f} % a year, {one['lower']:.1f} to {one['upper']:.1f})"
        parts.append(f"{one['first_year']}–{one['last_year']} the rate {change if sure else stable}")
    turns = ", ".join(
        f"{at} ({low}–{high})" for at, low, high in model.locations.select("joinpoint", "lower", "upper").iter_rows()
    )
    return f"**{name}**: {'; '.join(parts)}. " + (f"The trend turns in {turns}." if turns else "No turn of the trend.")


@app.function
def plain_search(rates: pl.DataFrame, joinpoints: int) -> tuple[tuple[int, ...], float]:
    """The same search as plainly as it can be written: every legal set of joinpoints, one least-squares fit each."""
    years, values, errors = (rates[name].to_numpy().astype(float) for name in ("year", "rate", "se"))
    root, best = values / errors, ((), float("inf"))
    for places in combinations(range(2, years.size - 2), joinpoints):
        if any(after - before < 3 for before, after in zip(places, places[1:], strict=False)):
            continue
        hinges = [np.maximum(years - years[place], 0) for place in places]
        matrix = np.column_stack([np.ones(years.size), years - years[0], *hinges]) * root[:, None]
        rest = root * np.log(values) - matrix @ np.linalg.lstsq(matrix, root * np.log(values), rcond=None)[0]
        if rest @ rest < best[1]:
            best = tuple(int(years[place]) for place in places), float(rest @ rest)
    return best


@app.cell
def read_files():
    arguments = mo.cli_args()
    folder = Path(str(arguments.get("snapshot") or "snapshot"))
    population_file = Path(str(arguments.get("population") or "population.csv"))
    if not (folder / "manifest.json").is_file():
        sys.exit(f"{folder.name}: no snapshot there; write one with: registry publish --out FOLDER")
    if not population_file.is_file():
        sys.exit(f"{population_file.name}: no population file there; name one with --population FILE")
    patients, tumors, manifest = load(folder)
    people = people_of(population_file)
    threshold = 16 if manifest.get("threshold_profile") == "uscs" else 11
    return manifest, patients, people, threshold, tumors


@app.cell
def choose(patients, tumors):
    cases, exclusions = counted(patients, tumors)
    exclusions
    return cases, exclusions


@app.cell
def delay(cases, manifest):
    delayed = years_still_reported(cases, manifest["as_of"])
    late_years = delayed["year"].to_list()
    delayed
    return delayed, late_years


@app.cell
def compute(cases, people, threshold):
    asked = series_asked(cases)
    rates = yearly_rates(cases, people, asked, threshold)
    names = list(asked)
    return asked, names, rates


@app.cell
def model(late_years, rates):
    models, choices = trends_of(rates, late_years)
    choices
    return choices, models


@app.cell
def by_sex(late_years, models, names, rates):
    chart_all = trend_figure(rates, models, names[:2], late_years)
    chart_all
    return (chart_all,)


@app.cell
def by_site(late_years, models, names, rates):
    chart_sites = trend_figure(rates, models, names[2:], late_years)
    chart_sites
    return (chart_sites,)


@app.cell
def changes(models):
    changes_table = segments_table(models)
    changes_table
    return (changes_table,)


@app.cell
def check(late_years, models, rates):
    differences = [
        abs(model.sse - plain_search(rates.filter((pl.col("series") == name) & ~pl.col("year").is_in(late_years)), len(model.joinpoints))[1])
        for name, model in models.items()
    ]
    against_plain_search = max(differences, default=0.0)
    return (against_plain_search,)


@app.cell
def men_and_women(late_years, models, names, rates):
    both = [rates.filter((pl.col("series") == name) & ~pl.col("year").is_in(late_years)) for name in names[:2]]
    parallel = compare_trends(*both) if set(names[:2]) <= set(models) else None
    return (parallel,)


@app.cell
def conclusions(against_plain_search, choices, models, parallel):
    agreeing = choices.filter(pl.col("number_by_permutation") == pl.col("number_by_bic")).height
    sentences = [in_words(name, model) for name, model in models.items()]
    without = choices.filter(pl.col("no_trend_because").is_not_null())["series"].to_list()
    summary = "\n\n".join(
        [
            "## What the data say",
            *sentences,
            *([] if parallel is None else [
                f"Over all sites the trends of men and women {'differ' if parallel.p < 0.05 else 'may be parallel'} "
                f"(test of parallelism with {parallel.joinpoints} joinpoints, p = {parallel.p:.2g})."
            ]),
            f"Permutation test and BIC choose the same number of joinpoints in {agreeing} of {len(models)} series.",
            *([f"No trend is given for: {'; '.join(without)}."] if without else []),
            f"Greatest difference of the sum of squares from a plain search: {against_plain_search:.1e}.",
        ]
    )
    mo.md(summary)
    return agreeing, summary


@app.cell(hide_code=True)
def provenance(late_years, manifest):
    marked = " **Synthetic data.**" if manifest.get("synthetic") else ""
    mo.md(
        f"Snapshot of {manifest.get('as_of', 'an unknown day')}, profile {manifest.get('profile', '?')}; shown but not "
        f"fitted: {', '.join(map(str, late_years)) or 'no year'}.{marked}"
    )
    return


if __name__ == "__main__":
    app.run()
