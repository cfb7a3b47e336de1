"""Measurements in turn, several times: whatever else the machine does meets all of them alike."""
from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import Callable

from sections import Row


@dataclass(frozen=True)
class Measured:
    what: str
    values: dict[str, float]
    """By name with unit, e.g. "CPU s per million events"."""
    note: str = ""


@dataclass
class _Series:
    note: str = ""
    values: dict[str, list[float]] = field(default_factory=dict)


def in_turn(section: str, rounds: int, measurements: list[Callable[[int], Measured]]) -> list[Row]:
    """Calls each measurement with the number of the round. A row for each, with medians, least and greatest."""
    found: dict[str, _Series] = {}
    for number in range(rounds):
        for measure in measurements:
            measured = measure(number)
            series = found.setdefault(measured.what, _Series())
            series.note = measured.note
            for name, value in measured.values.items():
                series.values.setdefault(name, []).append(value)
    return [Row(section, what, _text(series)) for what, series in found.items()]


def _text(series: _Series) -> str:
    parts = [f"{_number(statistics.median(values))} {name}{_range(values)}" for name, values in series.values.items()]
    return "; ".join(parts + [series.note] if series.note else parts)


def _range(values: list[float]) -> str:
    return f" ({_number(min(values))} to {_number(max(values))})" if len(values) > 1 else ""


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"
