"""Who waits how long for treatment, whether it changes, and how those who waited fare, from a published research snapshot.

Look at it:    marimo run notebooks/time_to_treatment.py -- --snapshot FOLDER
Work with it:  marimo edit notebooks/time_to_treatment.py -- --snapshot FOLDER
As a script:   python notebooks/time_to_treatment.py --snapshot FOLDER

The folder is what `registry publish` writes (profile research): patients.parquet, tumors.parquet, manifest.json. All of
it is de-identified; times are days since diagnosis.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Time to treatment")

with app.setup:
    import json
    import sys
    from pathlib import Path

    import marimo as mo
    import plotly.graph_objects as go
    import polars as pl

    from registry import analytics
    from registry.analytics.disclosure import publish_curve, publish_flow, publish_proportions, publish_quantiles
    from registry.analytics.outcomes import begun_curve, combinations, time_to, with_treatment
    from registry.analytics.outcomes.limits import with_share
    from registry.analytics.regression.cox import cox
    from registry.errors import BadInput

    SITES_SHOWN = 4
    STAGES = ["Localized", "Regional", "Distant"]
    AGES = {0: "under 50", 50: "50-64", 65: "65-74", 75: "75 and over"}
    HORIZON = 365
    TARGET = 60
    LANDMARK = 90
    WAITS = {0: "within 30 days", 31: "31-60 days", 61: "61-90 days"}
    #: colours that stay apart for colour-blind readers (Okabe and Ito 2008), with a line style each
    LOOK = [("#0072B2", "solid"), ("#D55E00", "dash"), ("#009E73", "dot"), ("#CC79A7", "dashdot")]


@app.cell(hide_code=True)
def introduction():
    mo.md(
        f"""
        # Time to treatment

        Which tumors are counted: the first malignant primary of each patient, of the {SITES_SHOWN} most frequent sites, with a
        known stage and a known day of diagnosis, not known from a death certificate or an autopsy only. Time runs from
        diagnosis to the first course of treatment; treatment before diagnosis counts as day 0. Percentiles are those of
        the treated, and of all patients by one minus Kaplan-Meier: who is not treated is observed until last contact,
        death or {HORIZON} days. Numbers below the threshold, and what would give them away, are not shown.

        Three questions: Has the share treated within {TARGET} days changed over the years (of patients observed so long, or treated by then)? Who begins later (Cox model of the
        time to treatment, one baseline a site)? Do those who waited longer die earlier? The last one compares patients
        alive {LANDMARK} days after diagnosis, from that day on, so that nobody is counted as having survived the wait; the
        sickest are treated first, so a difference is no effect of waiting.
        """
    )
    return


@app.function
def load(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame, dict]:
    """Patients, tumors and manifest of a snapshot."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return pl.read_parquet(folder / "patients.parquet"), pl.read_parquet(folder / "tumors.parquet"), manifest


@app.function
def cut(column: str, starts: dict[int, str]) -> pl.Expr:
    """Groups of a number by where they start."""
    names = list(starts.values())
    group = pl.when(pl.col(column).is_not_null()).then(pl.lit(names[0]))
    for start, name in list(starts.items())[1:]:
        group = pl.when(pl.col(column) >= start).then(pl.lit(name)).otherwise(group)
    return group.cast(pl.Enum(names))


@app.function
def study_cohort(patients: pl.DataFrame, tumors: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One tumor a patient with group columns, days, begun, followed and dead; and how many tumors each rule left out."""
    columns = ["study_patient_id", "sex_at_birth", "vitalStatus"]
    frame = tumors.join(patients.select(columns), on="study_patient_id").with_columns(
        pl.col("days_to_first_treatment").clip(0).alias("days"),
        pl.col("days_to_last_contact").alias("followed"),
        pl.col("diagnosis_year").alias("year"),
        pl.col("vitalStatus").is_in(["0", "4"]).alias("dead"),
        cut("age_at_diagnosis", AGES).alias("age"),
        pl.col("sex_at_birth").replace_strict({"1": "men", "2": "women"}, default=None).alias("sex"),
    )
    frequent = frame.filter(pl.col("behaviorCodeIcdO3") == "3")["site_group"].value_counts(sort=True)
    sites = (
        frequent.sort(["count", "site_group"], descending=[True, False])["site_group"]
        .head(SITES_SHOWN)
        .to_list()
    )
    rules = {
        "not malignant": pl.col("behaviorCodeIcdO3") == "3",
        "not the first primary": pl.col("sequenceNumberCentral").is_in(["00", "01"]).fill_null(True),
        "known from death certificate or autopsy only": ~pl.col("typeOfReportingSource")
        .is_in(["6", "7"])
        .fill_null(False),
        "another site": pl.col("site_group").is_in(sites),
        "stage in situ, benign or unknown": pl.col("stage").is_in(STAGES),
        "day of diagnosis or last contact unknown": pl.col("followed") >= 0,
        "age or sex unknown": pl.col("age").is_not_null() & pl.col("sex").is_not_null(),
    }
    flow = [("tumors in the snapshot", 0, frame.height)]
    for reason, kept in rules.items():
        before = frame.height
        frame = frame.filter(kept.fill_null(False))
        flow.append((reason, before - frame.height, frame.height))
    treated = with_treatment(frame)
    some = pl.any_horizontal(
        pl.col(name) == "yes" for name in ("surgery", "radiation", "chemo", "hormone", "immuno")
    )
    cohort = treated.with_columns(
        (some | pl.col("days").is_not_null()).alias("begun"), pl.col("stage").cast(pl.Enum(STAGES))
    )
    return cohort, pl.DataFrame(flow, schema=["reason", "excluded", "remaining"], orient="row")


@app.function
def shown_percentiles(table: pl.DataFrame, threshold: int) -> pl.DataFrame:
    """Percentiles that may be shown: of the treated (p), and of all (km_p)."""
    shown = publish_quantiles(table, "treated", ["p25", "p50", "p75", "p90"], threshold).drop("hidden")
    shown = publish_quantiles(shown, "total", ["km_p25", "km_p50", "km_p75"], threshold)
    kept = [name for name in shown.columns if name in ("site_group", "stage", "year")]
    return shown.select(*kept, "p25", "p50", "p75", "p90", "km_p25", "km_p50", "km_p75")


@app.function
def begun_figure(curve: pl.DataFrame, groups: list[str]) -> go.Figure:
    """Per cent who had begun treatment by each day, one colour and line style a group."""
    figure = go.Figure()
    for name, (colour, dash) in zip(groups, LOOK, strict=False):
        one = curve.filter(pl.col("group") == name)
        figure.add_scatter(
            x=one["time"].to_list(), y=one["begun"].to_list(), name=name, mode="lines",
            line={"color": colour, "dash": dash, "width": 2.5, "shape": "hv"},
        )  # fmt: skip
    return figure.update_layout(
        template="simple_white", height=420, margin={"l": 60, "r": 20, "t": 20, "b": 50},
        xaxis={"title": "Days since diagnosis", "dtick": 30, "range": [0, 180]},
        yaxis={"title": "Treatment begun (per cent)", "range": [0, 102]},
    )  # fmt: skip


@app.function
def years_figure(table: pl.DataFrame) -> go.Figure:
    """Per cent treated within the target by year of diagnosis, with 95 % limits; hidden years are left out."""
    seen = table.filter(pl.col("percent").is_not_null())
    middle = seen["percent"]
    figure = go.Figure(
        go.Scatter(
            x=seen["year"].to_list(), y=middle.to_list(), mode="markers", marker={"color": "#0072B2", "size": 9},
            error_y={"type": "data", "symmetric": False, "array": (seen["upper"] - middle).to_list(),
                     "arrayminus": (middle - seen["lower"]).to_list(), "color": "#0072B2"},
        )
    )  # fmt: skip
    return figure.update_layout(
        template="simple_white", height=320, margin={"l": 60, "r": 20, "t": 20, "b": 50},
        xaxis={"title": "Year of diagnosis", "dtick": 1},
        yaxis={"title": f"Treated within {TARGET} days (per cent)", "range": [0, 100]},
    )  # fmt: skip


@app.function
def trend_of_shares(table: pl.DataFrame) -> dict[str, float]:
    """Change of the share a year (percentage points) and the Cochran-Armitage test of a linear trend."""
    from math import erfc, sqrt

    year, treated, total = (table[name].cast(pl.Float64) for name in ("year", "count", "total"))
    share = float(treated.sum() / total.sum())
    centred = year - float((year * total).sum() / total.sum())
    spread = float((total * centred**2).sum())
    if spread == 0 or share in (0, 1):
        return {"slope": 0.0, "z": 0.0, "p": 1.0}
    slope = float((centred * treated).sum()) / spread
    z = slope * sqrt(spread / (share * (1 - share)))
    return {"slope": 100 * slope, "z": z, "p": erfc(abs(z) / sqrt(2))}


@app.function
def landmark_cohort(cohort: pl.DataFrame) -> pl.DataFrame:
    """Treated within the landmark and alive then, not metastatic: time from the landmark on, by how long they waited."""
    alive = cohort.filter(
        pl.col("days") <= LANDMARK,
        pl.col("followed") > LANDMARK,
        pl.col("stage").is_in(["Localized", "Regional"]),
    )
    return alive.with_columns(
        (pl.col("followed") - LANDMARK).alias("after"), cut("days", WAITS).alias("wait")
    )


@app.function
def greatest_difference(cohort: pl.DataFrame) -> float:
    """Greatest difference of the share begun by any day from that of lifelines, over all stages."""
    from lifelines import KaplanMeierFitter

    greatest = 0.0
    curve = begun_curve(cohort, "days", ["stage"], begun="begun", horizon=HORIZON)
    known = cohort.filter(pl.col("days").is_not_null() | ~pl.col("begun"))
    observed = known.with_columns(
        pl.coalesce("days", "followed").clip(0, HORIZON).alias("until"),
        (pl.col("days") <= HORIZON).fill_null(False).alias("started"),
    )
    for (stage,), people in observed.group_by("stage"):
        fit = KaplanMeierFitter().fit(people["until"].to_numpy(), people["started"].to_numpy())
        ours = curve.filter(pl.col("stage") == stage)
        theirs = 100 * (1 - fit.survival_function_at_times(ours["day"].to_list()).to_numpy())
        greatest = max(greatest, float(abs(theirs - ours["begun"].to_numpy()).max()))
    return greatest


@app.cell
def read_snapshot():
    arguments = mo.cli_args()
    folder = Path(str(arguments.get("snapshot") or "snapshot"))
    if not (folder / "manifest.json").is_file():
        sys.exit(f"{folder.name}: no snapshot there; write one with: registry publish --out FOLDER")
    patients, tumors, manifest = load(folder)
    if "days_to_first_treatment" not in tumors.columns:
        sys.exit(
            f"{folder.name}: the snapshot has no days to treatment; publish it with the profile research"
        )
    threshold = 16 if manifest.get("threshold_profile") == "uscs" else 11
    return manifest, patients, threshold, tumors


@app.cell
def choose(patients, threshold, tumors):
    cohort, exclusions = study_cohort(patients, tumors)
    publish_flow(exclusions, profile=threshold)
    return cohort, exclusions


@app.cell
def treatment(cohort, threshold):
    given = with_share(combinations(cohort.with_columns(pl.col("stage").cast(pl.String)), ["stage"], most=6))
    first_course = publish_proportions(given, "count", "total", by=["stage", "treatment"], profile=threshold)
    first_course
    return (first_course,)


@app.cell
def by_site_and_stage(cohort, threshold):
    site_waits = shown_percentiles(
        time_to(cohort, "days", ["site_group"], begun="begun", horizon=HORIZON), threshold
    )
    stage_waits = shown_percentiles(
        time_to(cohort, "days", ["stage"], begun="begun", horizon=HORIZON), threshold
    )
    mo.vstack([site_waits, stage_waits])
    return site_waits, stage_waits


@app.cell
def curves(cohort, threshold):
    begun = begun_curve(cohort, "days", ["stage"], begun="begun", horizon=HORIZON)
    shown = publish_curve(
        begun.rename({"stage": "group", "day": "time"}).cast({"group": pl.String}),
        "group",
        threshold,
        values=("begun",),
    )
    chart = begun_figure(shown, STAGES)
    chart
    return chart, shown


@app.cell
def over_years(cohort, threshold):
    complete = cohort.filter(pl.col("days").is_not_null() | ~pl.col("begun")).filter(
        (pl.col("followed") >= TARGET) | (pl.col("days") <= TARGET)
    )
    soon = (pl.col("days") <= TARGET).fill_null(False).sum().cast(pl.Int64).alias("count")
    counted = complete.group_by("year").agg(soon, pl.len().cast(pl.Int64).alias("total")).sort("year")
    yearly = publish_proportions(with_share(counted), "count", "total", by=["year"], profile=threshold)
    trend = trend_of_shares(counted)
    years_chart = years_figure(yearly)
    mo.vstack([
        years_chart,
        mo.md(f"Change a year: {trend['slope']:+.2f} percentage points, test of a linear trend p = {trend['p']:.2g}."),
    ])  # fmt: skip
    return trend, yearly, years_chart


@app.cell
def who_waits(cohort):
    known = cohort.filter(pl.col("days").is_not_null() | ~pl.col("begun")).with_columns(
        (pl.coalesce("days", "followed").clip(0, HORIZON) + 0.5).alias("until"),
        (pl.col("days") <= HORIZON).fill_null(False).alias("started"),
        (pl.col("year") - pl.col("year").min()).alias("years_later"),
        pl.col("stage").cast(pl.String), pl.col("age").cast(pl.String),
    )  # fmt: skip
    try:
        model = cox(
            known, ["age", "sex", "stage", "years_later"], time="until", event="started", strata="site_group"
        ).terms
    except BadInput as reason:
        model = pl.DataFrame(
            {"term": [], "note": [str(reason)][:0]}, schema={"term": pl.String, "note": pl.String}
        )
    mo.vstack([mo.md("Cox model of beginning treatment: a ratio below 1 means later."), model])
    return (model,)


@app.cell
def those_who_waited(cohort, threshold):
    late = landmark_cohort(cohort)
    large = late.filter(pl.len().over("wait") >= threshold).with_columns(pl.col("wait").cast(pl.String))
    survival = analytics.kaplan_meier(large, time="after", event="dead", by="wait")
    landmark = publish_curve(survival, "wait", threshold)
    wait_test = (
        analytics.log_rank(large, "wait", time="after", event="dead")
        if large["wait"].n_unique() > 1
        else None
    )
    mo.md(
        f"Survival from day {LANDMARK} on by length of the wait, localized and regional stage: "
        + (f"chi-square {wait_test.chi2:.1f}, p = {wait_test.p:.2g}." if wait_test else "too few to compare.")
    )
    return landmark, wait_test


@app.cell
def difference(cohort):
    against_lifelines = greatest_difference(cohort)
    mo.md(f"Greatest difference from lifelines: {against_lifelines:.1e} percentage points.")
    return (against_lifelines,)


@app.cell(hide_code=True)
def provenance(manifest):
    marked = " **Synthetic data.**" if manifest.get("synthetic") else ""
    mo.md(
        f"Snapshot of {manifest.get('as_of', 'an unknown day')}, profile {manifest.get('profile', '?')}.{marked}"
    )
    return


if __name__ == "__main__":
    app.run()
