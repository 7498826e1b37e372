"""Writes friedman.json, which models/forest/forest-oracle.test.ts compares with.

Run in an environment with benchmarks/peers/requirements.txt: python tests/oracles/forest/make_friedman.py

The data are Friedman #1 (Friedman 1991, "Multivariate Adaptive Regression Splines", section 4.3) with unit noise and
11 features that mean nothing. Features are kept as whole ten-thousandths, so that JSON holds them exactly.
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import r2_score
from sklearn.tree import DecisionTreeRegressor

N_TRAIN, N_TEST, N_FEATURES, LEAF, TREES, SEEDS, N_EXACT = 600, 600, 16, 5, 100, 10, 240

rng = np.random.default_rng(20040501)
codes = rng.integers(0, 10_000, size=(N_TRAIN + N_TEST, N_FEATURES))
X = codes / 10_000
signal = 10 * np.sin(np.pi * X[:, 0] * X[:, 1]) + 20 * (X[:, 2] - 0.5) ** 2 + 10 * X[:, 3] + 5 * X[:, 4]
y = np.round(signal + rng.normal(size=len(X)), 3)
X_train, y_train, X_test, y_test = X[:N_TRAIN], y[:N_TRAIN], X[N_TRAIN:], y[N_TRAIN:]


def forest_r2(max_features):
    scores = []
    for seed in range(SEEDS):
        forest = RandomForestRegressor(
            n_estimators=TREES, min_samples_leaf=LEAF, max_features=max_features, random_state=seed, n_jobs=1
        )
        scores.append(r2_score(y_test, forest.fit(X_train, y_train).predict(X_test)))
    return {"maxFeatures": max_features, "testR2": round(float(np.mean(scores)), 5), "seeds": SEEDS}


# One tree on all rows with all features leaves nothing to chance. On rows that it has seen its answers don't depend on
# which of two equally good features it takes, as both cut the rows in the same way.
tree = DecisionTreeRegressor(min_samples_leaf=LEAF, random_state=0).fit(X[:N_EXACT], y[:N_EXACT])

oracle = {
    "madeWith": f"scikit-learn {sklearn.__version__}, numpy {np.__version__}",
    "nTrain": N_TRAIN,
    "nTest": N_TEST,
    "nFeatures": N_FEATURES,
    "minSamplesLeaf": LEAF,
    "nTrees": TREES,
    "tenThousandths": codes.ravel().tolist(),
    "y": y.tolist(),
    "forests": [forest_r2(1.0), forest_r2(1 / 3)],
    "tree": {"nRows": N_EXACT, "fitted": tree.predict(X[:N_EXACT]).round(10).tolist()},
}
path = pathlib.Path(__file__).with_name("friedman.json")
path.write_text(json.dumps(oracle, separators=(",", ":")) + "\n")
print([(f["maxFeatures"], f["testR2"]) for f in oracle["forests"]])
