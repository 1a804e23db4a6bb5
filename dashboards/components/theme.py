"""One look for pages and figures: colours, type sizes, the Plotly template."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import plotly.graph_objects as go

INK: Final = "#16302f"
SOFT: Final = "#5d7271"
LINE: Final = "#dbe4e2"
ACCENT: Final = "#0b6e69"
#: Told apart by people who see colours differently: at least 24 units of CIELAB apart for full sight and under the three
#: dichromacies (simulated after Machado, Oliveira and Fernandes 2009), each 3:1 and more against white (WCAG 2.2, 1.4.11).
COLOURS: Final = ("#0b6e69", "#ce8507", "#7257d5", "#b03000", "#289eda", "#222222", "#74348b")
SEVERITY: Final = {"error": "#b3261e", "warning": "#a05a00", "information": "#3b5fa8"}

#: Streamlit's own theme options (given to its configuration by `server.build_app`).
STREAMLIT_THEME: Final[dict[str, Any]] = {
    "theme.base": "light",
    "theme.primaryColor": ACCENT,
    "theme.backgroundColor": "#ffffff",
    "theme.secondaryBackgroundColor": "#f1f5f4",
    "theme.textColor": INK,
    "theme.linkColor": ACCENT,
    "theme.borderColor": LINE,
    "theme.baseFontSize": 15,
    "theme.baseRadius": "8px",
    "theme.showWidgetBorder": True,
    "theme.headingFontSizes": ["1.6rem", "1.25rem", "1.05rem"],
    "theme.metricValueFontSize": "1.6rem",
    # empty states in the house's own colour, not Streamlit's blue
    "theme.blueColor": ACCENT,
    "theme.blueBackgroundColor": "#eef5f4",
    "theme.blueTextColor": "#2c5552",
}

#: What Streamlit's options do not reach: less air above the page, metrics that never cut a number.
STYLE: Final = """
<style>
  .stMainBlockContainer { padding: 4.2rem 2rem 2rem; max-width: 1400px; }
  .stMainBlockContainer > .stVerticalBlock, .stMainBlockContainer > div > .stVerticalBlock { gap: .75rem; }
  .stMain h1 { padding: .1rem 0 1rem; } .stMain h2 { padding: .1rem 0 .4rem; } .stMain h3 { padding: .3rem 0 .6rem; }
  .stMain input:disabled, .stMain textarea:disabled { -webkit-text-fill-color: #16302f; opacity: 1; }
  [data-testid="stMetricValue"] > div { white-space: normal; overflow: visible; }
  [data-testid="stMetric"] { padding: 0; } [data-testid="stMetric"] > div { padding: .55rem 1rem; }
  div:has(> .st-key-save_bar) { position: sticky; top: 3.7rem; z-index: 90; background: #fff; }
  .st-key-save_bar { padding: .5rem 0; border-bottom: 1px solid #dbe4e2; }
  div:has(> .st-key-edits_panel) { position: sticky; top: 4.5rem; }
  .stColumn:has(.st-key-edits_panel) > .stVerticalBlock { height: 100%; }
  .stColumn:has(.st-key-audit_texts) > .stVerticalBlock { height: 100%; }
  .stColumn:has(.st-key-audit_texts) > .stVerticalBlock > div:has(.st-key-audit_texts) { position: sticky; top: 4.5rem; }
  .rg-bar { position: fixed; top: .7rem; right: 1.5rem; z-index: 999995; display: flex; gap: 1.25rem; align-items: center;
    font-size: .9rem; }
  [data-testid="stStatusWidget"] { position: fixed; top: 3.8rem; right: 1.5rem; }
  @media (max-width: 1500px) { [data-testid="stTopNavLink"] > span:has([data-testid="stIconMaterial"]) { display: none; } }
  @media (max-width: 1180px) { .rg-bar { top: 3.9rem; } .stMainBlockContainer { padding-top: 6.5rem; } }
  @media (max-width: 1000px) {
    .stColumn:has(.st-key-follow_up_form), .stColumn:has(.st-key-follow_up_side) { min-width: 100%; } }
  @media (max-width: 1000px) {
    [class*="st-key-controls_"] .stHorizontalBlock { flex-wrap: wrap; }
    [class*="st-key-controls_"] .stColumn { flex: 1 1 30%; min-width: 30%; } }
  .rg-banner { background: #fff6e0; border: 1px solid #efd594; color: #6b4a00; border-radius: 8px; padding: .25rem .75rem; }
  .rg-who { color: #5d7271; white-space: nowrap; }
  .rg-who a { color: #0b6e69; } .rg-who a + a { margin-left: .75rem; }
  a.rg-download { display: inline-block; padding: .4rem .8rem; border: 1px solid #cdd8d6; border-radius: 8px; color: #0b6e69;
    text-decoration: none; font-weight: 600; }
  a.rg-download:hover, a.rg-download:focus-visible { background: #e6f1f0; border-color: #0b6e69; }
  .rg-item { line-height: 1.25; } .rg-item small { color: #5d7271; display: block; }
  .rg-label { color: #5d7271; padding-top: .45rem; font-size: .9rem; line-height: 1.3; overflow-wrap: anywhere; }
  [class*="st-key-code_hit_"] { flex-wrap: nowrap; } [class*="st-key-code_hit_"] > :first-child { min-width: 0; }
  .rg-hit { line-height: 1.3; font-size: .9rem; } .rg-hit small { color: #5d7271; display: block; }
  .rg-pair { line-height: 1.4; } .rg-pair p { margin: .35rem 0; } .rg-pair small { color: #5d7271; }
  .rg-badge { float: right; color: #fff; border-radius: 8px; padding: .1rem .6rem; font-size: .85rem; }
  .rg-failure { font-size: 1.05rem; }
  .rg-tag { border: 1px solid #cdd8d6; border-radius: 8px; padding: .05rem .5rem; font-size: .85rem; margin-left: .4rem;
    white-space: nowrap; }
  .rg-error, .rg-not-met { background: #fbeae9; border-color: #e6b3af; color: #8c1d18; }
  .rg-review, .rg-warning, .rg-open { background: #fff3df; border-color: #efcf94; color: #6b4200; }
  .rg-met { background: #e6f4ec; border-color: #a9d5bb; color: #0f5132; }
  table.rg-items, table.rg-grid { border-collapse: collapse; width: 100%; font-size: .9rem; line-height: 1.3; }
  .rg-items th, .rg-grid th { text-align: left; color: #5d7271; font-weight: 600; border-bottom: 1px solid #cdd8d6; }
  .rg-items td, .rg-items th, .rg-grid td, .rg-grid th { padding: .3rem .6rem; vertical-align: top; }
  .rg-items td, .rg-grid td { border-bottom: 1px solid #eaf0ef; overflow-wrap: anywhere; }
  .rg-items small { display: block; color: #5d7271; }
  .rg-marked td { background: #fff7e6; } .rg-marked td:first-child { box-shadow: inset 4px 0 0 #c4561f; font-weight: 600; }
  .rg-grid td.rg-n, .rg-grid th.rg-n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
  .rg-scroll { max-height: 26rem; overflow: auto; } .rg-scroll:focus-visible { outline: 2px solid #0b6e69; }
  .rg-figures thead th { position: sticky; top: 0; background: #fff; } .rg-figures tbody th { color: #16302f; font-weight: 500; }
  .rg-figures tbody th { border-bottom: 1px solid #eaf0ef; padding: .3rem .6rem; text-align: left; }
  .rg-unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
  .rg-text { white-space: pre-wrap; font-size: .92rem; line-height: 1.45; margin: 0 0 .8rem; overflow-wrap: anywhere; }
  .rg-levels { display: grid; grid-template-columns: repeat(auto-fit, minmax(210px, 1fr)); gap: .8rem; margin: .2rem 0 .6rem; }
  .rg-level { border: 1px solid #dbe4e2; border-left-width: 6px; border-radius: 8px; padding: .6rem .9rem; }
  .rg-level b { font-size: 1.05rem; } .rg-level small { color: #5d7271; display: block; }
  .rg-level.rg-met { background: #f3faf6; border-color: #3c9a66; } .rg-level.rg-not-met { background: #fdf4f3; border-color: #c0463e; }
  .rg-level.rg-unknown { background: #f7f9f9; border-color: #9fb1af; }
</style>
"""

#: Buttons of Plotly that a registrar does not need.
CHART_CONFIG: Final[dict[str, Any]] = {
    "displaylogo": False,
    "displayModeBar": "hover",
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "zoomIn2d", "zoomOut2d", "autoScale2d"],
    "toImageButtonOptions": {"format": "png", "scale": 2, "filename": "figure"},
}


@functools.cache
def template() -> go.layout.Template:
    """The Plotly template of every figure."""
    import plotly.graph_objects as go

    axis = {
        "gridcolor": LINE,
        "linecolor": "#9fb1af",
        "zeroline": False,
        "ticks": "outside",
        "tickcolor": "#9fb1af",
        "ticklen": 4,
        "automargin": True,
        "title": {"font": {"size": 13}, "standoff": 8},
    }
    return go.layout.Template(
        layout={
            "colorway": list(COLOURS),
            "font": {"family": '"Source Sans", "Source Sans Pro", sans-serif', "size": 13, "color": INK},
            "paper_bgcolor": "white",
            "plot_bgcolor": "white",
            "margin": {"l": 10, "r": 10, "t": 10, "b": 10},
            "xaxis": {**axis, "showgrid": False},
            "yaxis": axis,
            "hoverlabel": {"bgcolor": "white", "font": {"color": INK}, "bordercolor": LINE},
            "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0, "title": {"text": ""}},
            "separators": ".,",
        }
    )
