"""What an expression costs a point, in batches of several sizes: the table of docs/performance.md.

python benchmarks/expression_speed.py
"""

from __future__ import annotations

import time

import numpy as np

from terranova.interfaces.expressions import Expression

TEXTS = (
    "mH2 - mH1",
    "abs(mA - mC1)",
    "sqrt(mA**2 + mC1**2) * exp(-x)",
    "where(x > y, mA**3.5, log10(mC1))",
    "max(abs(mA - mC1), abs(mH2 - mC1)) / hypot(mA, mH1) + sin(x)**2 - (x < y < 1) * tanh(y)",
)
SIZES = (1, 100, 1000, 100_000)


def nanoseconds(expression: Expression, columns: dict[str, np.ndarray], n: int) -> float:
    """Return the median time that a point costs in a batch of n."""
    times = []
    repeats = max(3, 20_000 // n)
    for _ in range(7):
        start = time.perf_counter()
        for _ in range(repeats):
            expression(columns, n)
        times.append((time.perf_counter() - start) / repeats / n)
    return float(np.median(times)) * 1e9


def main() -> None:
    """Print the table."""
    rng = np.random.default_rng(1)
    print("| expression | " + " | ".join(f"{n:,} points" for n in SIZES) + " |")
    print("| --- |" + " --- |" * len(SIZES))
    for text in TEXTS:
        expression = Expression(text)
        cells = [f"{nanoseconds(expression, {m: rng.random(n) for m in expression.names}, n):.0f}" for n in SIZES]
        print(f"| `{text}` | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
