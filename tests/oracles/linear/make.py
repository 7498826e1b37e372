"""Fits scikit-learn's Ridge on standardised features, as an oracle for models/linear.

python -m venv /tmp/oracle && /tmp/oracle/bin/pip install -r tests/oracles/linear/requirements.txt
/tmp/oracle/bin/python tests/oracles/linear/make.py > tests/oracles/linear/ridge.json
"""

import json

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

N_ROWS, N_TEST, N_COLUMNS = 80, 20, 6


def main() -> None:
    random = np.random.default_rng(11)
    X = random.normal(size=(N_ROWS + N_TEST, N_COLUMNS)) * [1e-3, 1, 50, 0.02, 1, 1]
    X[:, 1] = 0.9 * X[:, 0] * 1e3 + 0.1 * X[:, 1]  # nearly the same as the first, as lagged features are
    X[:, 4] = 0.1  # constant
    X = np.round(X, 9)
    y = np.round(X @ [20.0, 0.01, 0.0004, -0.3, 5.0, 0.0] + random.normal(size=len(X)) * 0.02, 9)
    fits = []
    for alpha in [1e-6, 0.1, 1.0, 30.0]:
        model = make_pipeline(StandardScaler(), Ridge(alpha=alpha * N_ROWS, solver="cholesky"))
        model.fit(X[:N_ROWS], y[:N_ROWS])
        fits.append({"alpha": alpha, "yHat": model.predict(X[N_ROWS:]).tolist()})
    rows = {"nColumns": N_COLUMNS, "X": X[:N_ROWS].ravel().tolist(), "y": y[:N_ROWS].tolist()}
    print(json.dumps({"train": rows, "XTest": X[N_ROWS:].ravel().tolist(), "fits": fits}, separators=(",", ":")))


main()
