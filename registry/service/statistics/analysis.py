"""What figures are made of: the analysis frame of the actor's scope, and a study on it (one cohort, its flow, its words)."""

from __future__ import annotations

from registry.service.statistics.analysis_cache import data_version, items, tumors
from registry.service.statistics.study import Study, study

__all__ = ["Study", "data_version", "items", "study", "tumors"]
