"""Survival by stage and period of diagnosis, observed and net, from a published research snapshot.

Look at it:    marimo run notebooks/survival_by_stage.py -- --snapshot FOLDER --life-table life_table.csv
Work with it:  marimo edit notebooks/survival_by_stage.py -- --snapshot FOLDER --life-table life_table.csv
As a script:   python notebooks/survival_by_stage.py --snapshot FOLDER --life-table life_table.csv

The folder is what `registry publish` writes: patients.parquet, tumors.parquet, manifest.json. All of it is de-identified.
The life table has sex, year, age, daily_hazard (and region), as `registry stats population load` takes it; without one
net survival is left out.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Survival by stage and period")

with app.setup:
    import datetime as dt
    import json
    import sys
    from pathlib import Path

    import marimo as mo
    import plotly.graph_objects as go
    import polars as pl

    from registry import analytics

    STAGES = {"0": "In situ", "1": "Localized", "2": "Regional", "3": "Regional", "4": "Regional", "7": "Distant"}
    ORDER = ["In situ", "Localized", "Regional", "Distant"]
    #: colours that stay apart for colour-blind readers (Okabe and Ito 2008), with a line style each
    LOOK = {
        "In situ": ("#56B4E9", "dot"),
        "Localized": ("#009E73", "solid"),
        "Regional": ("#E69F00", "dash"),
        "Distant": ("#D55E00", "dashdot"),
    }


@app.cell(hide_code=True)
def introduction():
    mo.md(
        """
        # Survival by stage and period

        Which tumors are counted: the first malignant primary of each patient, not known from a death certificate or an
        autopsy only, with a known time of follow-up. Time runs from diagnosis to death or last contact; a
        snapshot has whole months, so each stands for its middle (0 months = 0.5). Survival is observed (all causes), by Kaplan-Meier, with 95 % log-log limits. Counts below the
        threshold are not shown, and a curve ends where fewer than that are at risk.

        Periods of diagnosis are five years long. Net survival (Pohar Perme) sets survival against that of people of the
        same sex, age and year in the life table; the period approach counts only the time at risk in the last five
        years before the snapshot, so that it tells of today's patients. A snapshot has years and completed ages only:
        each diagnosis stands on 1 July, each birth half a year before the age stated.
        """
    )
    return


@app.function
def load(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame, dict]:
    """Patients, tumors and manifest of a snapshot."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return pl.read_parquet(folder / "patients.parquet"), pl.read_parquet(folder / "tumors.parquet"), manifest


@app.function
def study_cohort(patients: pl.DataFrame, tumors: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One tumor a patient with months, dead and stage; and how many tumors each rule left out."""
    frame = tumors.join(patients.select("study_patient_id", "sex_at_birth", "vitalStatus"), on="study_patient_id")
    named = pl.col("summaryStage2018").replace_strict(STAGES, default=None, return_dtype=pl.String)
    frame = frame.with_columns(
        (pl.col("stage") if "stage" in frame.columns else named).alias("stage"),
        (pl.col("months_to_last_contact") + 0.5).alias("months"),
        pl.col("vitalStatus").is_in(["0", "4"]).alias("dead"),
    )
    rules = {
        "not malignant": pl.col("behaviorCodeIcdO3") == "3",
        "not the first primary": pl.col("sequenceNumberCentral").is_in(["00", "01"]).fill_null(True),
        "known from death certificate or autopsy only": ~pl.col("typeOfReportingSource").is_in(["6", "7"]).fill_null(False),
        "time of follow-up unknown": pl.col("months") >= 0,
        "stage unknown": pl.col("stage").is_in(ORDER),
    }
    flow = [("tumors in the snapshot", 0, frame.height)]
    for reason, kept in rules.items():
        before = frame.height
        frame = frame.filter(kept.fill_null(False))
        flow.append((reason, before - frame.height, frame.height))
    return frame, pl.DataFrame(flow, schema=["reason", "excluded", "remaining"], orient="row")


@app.function
def faint(colour: str) -> str:
    """The colour as a transparent fill."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.15)"


@app.function
def survival_figure(curve: pl.DataFrame) -> go.Figure:
    """Curves with their limits, one colour and line style a stage."""
    figure = go.Figure()
    for stage in [name for name in ORDER if name in set(curve["stage"])]:
        one = curve.filter(pl.col("stage") == stage)
        colour, dash = LOOK[stage]
        months = one["time"].to_list()
        for edge, fill in (("lower", None), ("upper", "tonexty")):
            figure.add_scatter(
                x=months, y=one[edge].to_list(), mode="lines", line={"width": 0, "shape": "hv"}, fill=fill,
                fillcolor=faint(colour), hoverinfo="skip", showlegend=False,
            )  # fmt: skip
        figure.add_scatter(
            x=months, y=one["survival"].to_list(), name=stage, mode="lines",
            line={"color": colour, "dash": dash, "width": 2.5, "shape": "hv"},
        )  # fmt: skip
    return figure.update_layout(
        template="simple_white", height=440, margin={"l": 60, "r": 20, "t": 20, "b": 50},
        xaxis={"title": "Months since diagnosis", "dtick": 12, "rangemode": "tozero"},
        yaxis={"title": "Survival", "range": [0, 1.02], "tickformat": ".0%"}, legend={"title": "Stage", "traceorder": "normal"},
    )  # fmt: skip


@app.function
def counts_figure(counts: pl.DataFrame) -> go.Figure:
    """Cases by year of diagnosis; hidden counts are left out."""
    figure = go.Figure(go.Bar(x=counts["diagnosis_year"].to_list(), y=counts["count"].to_list(), marker_color="#0072B2"))
    return figure.update_layout(
        template="simple_white", height=320, margin={"l": 60, "r": 20, "t": 20, "b": 50},
        xaxis={"title": "Year of diagnosis", "dtick": 1}, yaxis={"title": "Malignant tumors"},
    )  # fmt: skip


@app.function
def greatest_difference(cohort: pl.DataFrame, curve: pl.DataFrame) -> float:
    """Greatest difference between these curves and those of lifelines, over all times of all stages."""
    from lifelines import KaplanMeierFitter

    greatest = 0.0
    for (stage,), people in cohort.group_by("stage"):
        fit = KaplanMeierFitter().fit(people["months"].to_numpy(), people["dead"].to_numpy())
        ours = curve.filter(pl.col("stage") == stage).sort("time")["survival"].to_numpy()
        greatest = max(greatest, float(abs(fit.survival_function_["KM_estimate"].to_numpy() - ours).max()))
    return greatest


@app.function
def with_period(cohort: pl.DataFrame) -> pl.DataFrame:
    """Five years of diagnosis as text; the last ones may be fewer."""
    first = pl.col("diagnosis_year") // 5 * 5
    last = pl.min_horizontal(first + 4, pl.lit(cohort["diagnosis_year"].max()))
    return cohort.with_columns((first.cast(pl.String) + "-" + last.cast(pl.String)).alias("period"))


@app.function
def with_days(cohort: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Columns that net survival needs: start, born, sex, time in days; nobody beyond the snapshot's own day."""
    start = pl.date(pl.col("diagnosis_year"), 7, 1)
    days = (pl.col("months") * 365.25 / 12).round().clip(1)
    known = cohort.filter(pl.col("sex_at_birth").is_in(["1", "2"]), pl.col("age_at_diagnosis").is_not_null())
    return known.with_columns(
        start.alias("start"),
        (start - pl.duration(days=((pl.col("age_at_diagnosis") + 0.5) * 365.25).round().cast(pl.Int64))).alias("born"),
        pl.col("sex_at_birth").alias("sex"),
        pl.min_horizontal(days, (pl.lit(as_of) - start).dt.total_days().clip(1)).alias("time"),
    )


@app.cell
def read_snapshot():
    arguments = mo.cli_args()
    folder = Path(str(arguments.get("snapshot") or "snapshot"))
    if not (folder / "manifest.json").is_file():
        sys.exit(f"{folder.name}: no snapshot there; write one with: registry publish --out FOLDER")
    patients, tumors, manifest = load(folder)
    threshold = 16 if manifest.get("threshold_profile") == "uscs" else 11
    named = arguments.get("life-table")
    as_of = dt.date.fromisoformat(manifest["as_of"])
    return as_of, manifest, named, patients, threshold, tumors


@app.cell
def choose(patients, tumors):
    cohort, exclusions = study_cohort(patients, tumors)
    exclusions
    return cohort, exclusions


@app.cell
def survival(cohort, threshold):
    curve = analytics.kaplan_meier(cohort, by="stage")
    shown = analytics.suppress_curve(curve, by="stage", threshold=threshold)
    chart = survival_figure(shown)
    chart
    return chart, curve, shown


@app.cell
def at_risk(cohort, threshold):
    at_risk_table = analytics.suppress_at_risk(
        analytics.number_at_risk(cohort, range(0, 121, 24), by="stage"), threshold
    )
    at_risk_table.pivot("time", index="stage", values="at_risk")
    return (at_risk_table,)


@app.cell
def five_years(shown):
    five_year = analytics.survival_at(
        shown.with_columns(at_risk=0, events=0, censored=0), [12, 36, 60], by="stage"
    ).select("stage", "time", pl.col("survival", "lower", "upper").round(3))
    five_year
    return (five_year,)


@app.cell
def difference(cohort, curve):
    test = analytics.log_rank(cohort, "stage") if cohort["stage"].n_unique() > 1 else None
    against_lifelines = greatest_difference(cohort, curve)
    mo.md(
        (f"Log-rank: chi-square {test.chi2:.1f}, {test.df} degrees of freedom, p = {test.p:.2g}. " if test else "")
        + f"Greatest difference from lifelines: {against_lifelines:.1e}."
    )
    return against_lifelines, test


@app.cell
def by_period(cohort, threshold):
    dated = with_period(cohort)
    periods = analytics.survival_at(
        analytics.suppress_curve(analytics.kaplan_meier(dated, by=["stage", "period"]), by=["stage", "period"], threshold=threshold).with_columns(
            at_risk=0, events=0, censored=0
        ),
        [60],
        by=["stage", "period"],
    ).select("stage", "period", pl.col("survival", "lower", "upper").round(3))
    period_test = analytics.log_rank(dated, "period", strata="stage") if dated["period"].n_unique() > 1 else None
    mo.vstack([
        mo.md("## By period of diagnosis: survival after five years"),
        periods.pivot("period", index="stage", values="survival"),
        mo.md(
            f"Log-rank test of the periods within stages: chi-square {period_test.chi2:.1f}, {period_test.df} degrees of freedom, "
            f"p = {period_test.p:.2g}." if period_test else "One period only."
        ),
    ])  # fmt: skip
    return dated, period_test, periods


@app.cell
def net(as_of, cohort, named, threshold):
    if named:
        table = analytics.life_table(pl.read_csv(str(named), schema_overrides={"sex": pl.String}).select("sex", "year", "age", "daily_hazard"))
        large = cohort.filter(pl.len().over("stage") >= threshold)
        followed = with_days(large, as_of)
        window = (as_of.replace(month=1, day=1, year=as_of.year - 5), as_of.replace(month=12, day=31, year=as_of.year - 1))
        years = [365.25, 1826.25]
        parts = {
            "all years": analytics.net_survival(followed, table, "stage", at=years),
            f"period {window[0].year}-{window[1].year}": analytics.net_survival(followed, table, "stage", at=years, period=window),
        }
        net_survival = pl.concat(part.with_columns(pl.lit(approach).alias("approach")) for approach, part in parts.items())
        net_survival = net_survival.filter(pl.col("at_risk") >= threshold).select(
            "stage", "approach", (pl.col("time") / 365.25).round().cast(pl.Int64).alias("years"),
            pl.col("survival", "lower", "upper").round(3),
        ).sort("stage", "approach", "years")  # fmt: skip
    else:
        net_survival = None
    mo.vstack([mo.md("## Net survival"), net_survival if named else mo.md("No life table was given (--life-table).")])
    return (net_survival,)


@app.cell
def by_year(threshold, tumors):
    malignant = tumors.filter((pl.col("behaviorCodeIcdO3") == "3") & pl.col("diagnosis_year").is_not_null())
    yearly = analytics.suppress(analytics.counts_by(malignant, "diagnosis_year"), threshold=threshold, margins=[None])
    bars = counts_figure(yearly)
    bars
    return bars, yearly


@app.cell(hide_code=True)
def provenance(manifest):
    marked = " **Synthetic data.**" if manifest.get("synthetic") else ""
    mo.md(f"Snapshot of {manifest.get('as_of', 'an unknown day')}, profile {manifest.get('profile', '?')}.{marked}")
    return


if __name__ == "__main__":
    app.run()
