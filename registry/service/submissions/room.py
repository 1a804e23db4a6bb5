"""Submissions: prepared, validated, sealed, sent, answered, sent again. The steps stand in modules beside this."""

from registry.service.submissions import answers as submission_answers  # noqa: F401 - its operations are of this room
from registry.service.submissions import calendar as submission_calendar  # noqa: F401 - its operations are of this room
from registry.service.submissions import kept as submission_kept  # noqa: F401 - its operations are of this room
from registry.service.submissions import preparing as submission_preparing  # noqa: F401 - its operations are of this room
from registry.service.submissions import profiles as submission_profiles  # noqa: F401 - its operations are of this room
from registry.service.submissions import sealing as submission_sealing  # noqa: F401 - its operations are of this room
from registry.service.submissions import sending as submission_sending  # noqa: F401 - its operations are of this room
