"""Computes the features of the bundled prices with pandas, as an oracle for models/features.

python -m venv /tmp/oracle && /tmp/oracle/bin/pip install -r tests/oracles/features/requirements.txt
/tmp/oracle/bin/python tests/oracles/features/make.py > tests/oracles/features/features.json
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[3]
WARM_UP = 20
EVERY = 61


def wilder(moves: pd.Series, period: int) -> pd.Series:
    """The mean of the first `period` moves, then exponential smoothing with alpha = 1 / period."""
    seeded = moves.copy()
    seeded.iloc[period] = moves.iloc[1 : period + 1].mean()
    seeded.iloc[:period] = np.nan
    return seeded.ewm(alpha=1 / period, adjust=False).mean()


def features(bars: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    split = events[events.kind == "split"].groupby("date").value.prod().reindex(bars.index).fillna(1.0)
    dividend = events[events.kind == "dividend"].groupby("date").value.sum().reindex(bars.index).fillna(0.0)
    growth = (bars.close * split + dividend) / bars.close.shift(1)
    log_return = np.log(growth)
    price = bars.close.iloc[0] * growth.fillna(1.0).cumprod()
    volume = bars.volume / split.cumprod()
    moves = price.diff()
    gain = wilder(moves.clip(lower=0), 14)
    loss = wilder(-moves.clip(upper=0), 14)
    columns = {"return": log_return}
    for lag in range(1, 6):
        columns[f"return_lag_{lag}"] = log_return.shift(lag)
    columns |= {
        "volume_change": np.log((volume + 1) / (volume.shift(1) + 1)),
        "high_low": np.log(bars.high / bars.low),
        "close_open": np.log(bars.close / bars.open),
        "close_to_ma5": price / price.rolling(5).mean() - 1,
        "close_to_ma20": price / price.rolling(20).mean() - 1,
        "rsi14": gain / (gain + loss),
    }
    return pd.DataFrame(columns)


def main() -> None:
    prices = pd.read_csv(ROOT / "data/sample/prices.csv")
    events = pd.read_csv(ROOT / "data/sample/events.csv")
    oracle = {}
    for ticker, bars in prices.groupby("ticker"):
        table = features(bars.set_index("date").sort_index(), events[events.ticker == ticker])
        sampled = table.iloc[WARM_UP::EVERY]
        oracle[ticker] = {
            "names": list(table.columns),
            "rows": {date: [float(f"{value:.12g}") for value in row] for date, row in zip(sampled.index, sampled.values)},
        }
    print(json.dumps(oracle, separators=(",", ":")))


main()
