"""Answers forest questions of benchmarks/speed/forest.ts, one line of JSON each, with scikit-learn or LightGBM.

Usage: python forest_peer.py scikit-learn|LightGBM
"""

import base64
import json
import os
import sys
import time
import warnings

# Everyone has one thread; read when the numeric libraries are loaded.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np  # noqa: E402

warnings.filterwarnings("ignore")
# As benchmarks/speed/forest-subjects.ts does.
MOST_PREDICTIONS = 1000
PREDICTING_S = 0.3


def matrix(text, columns=None):
    values = np.frombuffer(base64.b64decode(text), dtype="<f8")
    return values if columns is None else values.reshape(-1, columns)


def scikit_learn():
    from sklearn.ensemble import RandomForestRegressor

    def fit(X, y, q):
        forest = RandomForestRegressor(
            n_estimators=q["nTrees"],
            min_samples_leaf=q["minSamplesLeaf"],
            max_depth=q["maxDepth"],
            max_features=float(q["maxFeatures"]),  # the whole number 1 would mean one feature
            random_state=q["seed"],
            n_jobs=1,
        )
        return forest.fit(X, y).predict

    return fit


def light_gbm():
    import lightgbm

    def fit(X, y, q):
        # A bootstrap sample holds 63.2% of the rows; LightGBM draws that many without replacement, anew for each tree.
        parameters = {
            "objective": "regression",
            "boosting": "rf",
            "num_threads": 1,
            "bagging_fraction": 0.632,
            "bagging_freq": 1,
            "feature_fraction_bynode": q["maxFeatures"],
            "num_leaves": max(2, len(y) // q["minSamplesLeaf"]),
            "max_depth": -1 if q["maxDepth"] is None else q["maxDepth"],
            "min_data_in_leaf": q["minSamplesLeaf"],
            "min_sum_hessian_in_leaf": 0,
            "force_col_wise": True,
            "seed": q["seed"],
            "verbose": -1,
        }
        booster = lightgbm.train(parameters, lightgbm.Dataset(X, y, params={"verbose": -1}), q["nTrees"])
        return lambda rows: booster.predict(rows, num_threads=1)

    return fit


def answer(fit, q):
    X, y, X_test = matrix(q["X"], q["nColumns"]), matrix(q["y"]), matrix(q["XTest"], q["nColumns"])
    started = time.perf_counter()
    predict = fit(X, y, q)
    fit_ms = (time.perf_counter() - started) * 1e3
    y_hat = predict(X_test)
    times = []
    while len(times) < MOST_PREDICTIONS and sum(times) < PREDICTING_S:
        row = X_test[len(times) % len(X_test)].reshape(1, -1)
        started = time.perf_counter()
        predict(row)
        times.append(time.perf_counter() - started)
    return {"fitMs": fit_ms, "predictUs": float(np.median(times)) * 1e6, "yHat": y_hat.tolist()}


def main():
    fit = {"scikit-learn": scikit_learn, "LightGBM": light_gbm}[sys.argv[1]]()
    for line in sys.stdin:
        print(json.dumps(answer(fit, json.loads(line))), flush=True)


main()
