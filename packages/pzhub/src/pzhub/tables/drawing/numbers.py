"""Numbers of plots: coordinates, round steps, labels of ticks."""

from __future__ import annotations

import math

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def coordinate(value: float) -> str:
    """Write a coordinate with a tenth of a pixel."""
    return f"{value:.1f}".rstrip("0").rstrip(".")


def nice_step(span: float, parts: int = 4) -> float:
    """Return a round step that divides a span into about so many parts."""
    raw = span / parts
    power = 10.0 ** math.floor(math.log10(raw))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)


def nice_ticks(low: float, high: float, parts: int) -> list[float]:
    """Return the round values between two ends, both included."""
    step = nice_step(high - low, parts)
    first, last = math.ceil(low / step - 1e-6), math.floor(high / step + 1e-6)
    return [number * step for number in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Return the powers of ten between two positive ends; within two decades also 2 and 5."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    factors = (1, 2, 5) if last - first <= 2 else (1,)
    step = max(1, (last - first) // 6)
    ticks = [factor * 10.0**power for power in range(first, last + 1, step) for factor in factors]
    return [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]


def count_label(value: float) -> str:
    """Write a count short: ``2.5 k``, ``1 M``."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.4g} {letter}"
    return f"{value:g}"


def value_label(value: float) -> str:
    """Write a value for people: four digits, a true minus sign, powers of ten when far off."""
    size = abs(value)
    if value and (size >= 1e6 or size < 1e-3):
        digits, power = f"{value:.3e}".split("e")
        factor = digits.rstrip("0").rstrip(".")
        ten = f"10{str(int(power)).translate(_SUPERSCRIPT)}"
        text = ten if factor == "1" else f"{factor}×{ten}"
    else:
        text = f"{value:.5g}"
    return "0" if text == "-0" else text.replace("-", "−")
