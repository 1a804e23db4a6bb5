"""Conditions of published tables: ranges of sites, histologies, behaviors or years."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Condition:
    """Ranges of one axis: included ones if there are any, else everything but the excluded."""

    included: tuple[tuple[int, int], ...] = ()
    excluded: tuple[tuple[int, int], ...] = ()

    def text(self, form: str = "{}") -> str:
        """The condition in words; empty when it means every value.

        >>> Condition(included=((500, 509), (619, 619))).text("C{:03d}")
        'C500-C509 C619'
        >>> Condition(excluded=((9050, 9055),)).text()
        'not 9050-9055'
        """
        parts = " ".join(
            form.format(low) if low == high else f"{form.format(low)}-{form.format(high)}"
            for low, high in self.included or self.excluded
        )
        return parts if self.included or not parts else f"not {parts}"


def ranges(text: str | None) -> tuple[tuple[int, int], ...]:
    """Number ranges of "8720-8790 9140" (blank-separated, as in this room's tables).

    >>> ranges("8720-8790 9140")
    ((8720, 8790), (9140, 9140))
    """
    pairs = (part.partition("-") for part in (text or "").split())
    return tuple((int(low), int(high or low)) for low, _, high in pairs)
