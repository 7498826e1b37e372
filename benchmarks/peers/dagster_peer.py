"""The work of the scale bench as a Dagster job with scikit-learn: python dagster_peer.py PRICES HOME PROCESSES
WARM_UPS. Says `ready`, waits for a line, runs the job, says `done` with its seconds and waits for standard input's end.

Each ticker is mapped through ingest, preprocess, a step per model that fits it on all rows and walk-forward in five folds,
and promote, which writes down the better one. The first WARM_UPS tickers are those that the other subjects warm up with.
"""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from dagster import (
    DagsterInstance,
    DynamicOut,
    DynamicOutput,
    execute_job,
    job,
    multiprocess_executor,
    op,
    reconstructable,
)
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge

PRICES = os.environ.get("SCALE_PRICES", "")
OUT = Path(os.environ.get("SCALE_OUT", "."))
WARM_UPS = int(os.environ.get("SCALE_WARM_UPS", "0"))
FOLDS = 5
FIRST_ROWS = 252


@op(out=DynamicOut())
def tickers():
    names = pd.read_csv(PRICES, usecols=["ticker"])["ticker"].unique()[WARM_UPS:]
    for name in names:
        yield DynamicOutput(str(name), mapping_key=str(name))


@op
def ingest(ticker):
    prices = pd.read_csv(PRICES)
    rows = prices[prices["ticker"] == ticker].sort_values("date")
    path = OUT / f"{ticker}.pickle"
    rows.to_pickle(path)
    return str(path)


@op
def preprocess(path):
    rows = pd.read_pickle(path)
    close = np.log(rows["close"].to_numpy())
    returns = np.diff(close, prepend=close[0])
    series = pd.Series(returns)
    features = pd.DataFrame(
        {
            **{f"lag_{k}": series.shift(k) for k in range(5)},
            **{f"mean_{k}": series.rolling(k).mean() for k in (5, 10, 20)},
            **{f"std_{k}": series.rolling(k).std() for k in (5, 10, 20)},
            "range": np.log(rows["high"].to_numpy() / rows["low"].to_numpy()),
        }
    )
    target = series.shift(-1)
    sound = features.notna().all(axis=1) & target.notna()
    return features[sound].to_numpy(), target[sound].to_numpy()


def walk_forward(make, matrix):
    x, y = matrix
    make().fit(x, y)
    errors = []
    for rows in np.array_split(np.arange(FIRST_ROWS, len(y)), FOLDS):
        model = make().fit(x[: rows[0] - 1], y[: rows[0] - 1])
        errors.extend(model.predict(x[rows]) - y[rows])
    return float(np.sqrt(np.mean(np.square(errors))))


@op
def linear(matrix):
    return walk_forward(lambda: Ridge(1.0), matrix)


@op
def forest(matrix):
    def make():
        return RandomForestRegressor(20, max_depth=5, max_features=1 / 3, min_samples_leaf=5, random_state=7, n_jobs=1)

    return walk_forward(make, matrix)


@op
def promote(context, linear_rmse, forest_rmse):
    best = min(("linear", linear_rmse), ("forest", forest_rmse), key=lambda each: each[1])
    path = OUT / f"{context.get_mapping_key()}.promoted.json"
    path.write_text(json.dumps(best))
    return best[0]


def through(ticker):
    matrix = preprocess(ingest(ticker))
    return promote(linear(matrix), forest(matrix))


@job(executor_def=multiprocess_executor)
def scale_job():
    tickers().map(through)


def main(prices, home, processes, warm_ups):
    os.environ["SCALE_PRICES"] = prices
    os.environ["SCALE_OUT"] = home
    os.environ["SCALE_WARM_UPS"] = str(warm_ups)
    config = {
        "execution": {
            "config": {
                "max_concurrent": processes,
                # A server that has loaded this file forks each step, so that none loads Dagster and scikit-learn anew.
                "start_method": {"forkserver": {"preload_modules": ["dagster", "sklearn.ensemble", "pandas"]}},
            }
        },
        "loggers": {"console": {"config": {"log_level": "ERROR"}}},
    }
    with DagsterInstance.get() as instance:
        print("ready", flush=True)
        sys.stdin.readline()
        began = time.perf_counter()
        result = execute_job(reconstructable(scale_job), instance=instance, run_config=config)
        wall = time.perf_counter() - began
    if not result.success:
        raise SystemExit("the job failed")
    print("done", wall, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
