"""Submissions: prepared, validated, sealed, sent, answered, sent again. The steps stand in modules beside this."""

from registry.service import (  # noqa: F401 - their operations are of this room
    submission_answers,
    submission_calendar,
    submission_kept,
    submission_preparing,
    submission_profiles,
    submission_sealing,
    submission_sending,
)
