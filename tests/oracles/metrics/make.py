"""Computes forecast errors with scikit-learn and numpy, as an oracle for models/evaluation/metrics.ts.

python -m venv /tmp/oracle && /tmp/oracle/bin/pip install -r tests/oracles/metrics/requirements.txt
/tmp/oracle/bin/python tests/oracles/metrics/make.py > tests/oracles/metrics/metrics.json
"""

import json

import numpy as np
from sklearn.metrics import mean_absolute_error, root_mean_squared_error


def main() -> None:
    random = np.random.default_rng(5)
    y = np.round(random.standard_t(4, size=150) * 0.02, 6)
    y_hat = np.round(0.1 * y + random.normal(size=150) * 0.005, 6)
    y[[3, 60]] = 0
    y_hat[[7, 60]] = 0
    right = np.sign(y) == np.sign(y_hat)
    neutral = (y == 0) | (y_hat == 0)
    expected = {
        "rmse": root_mean_squared_error(y, y_hat),
        "mae": mean_absolute_error(y, y_hat),
        "directionalAccuracy": float(np.where(neutral, 0.5, right).mean()),
        "residualQuantiles": np.quantile(y - y_hat, np.linspace(0, 1, 101)).tolist(),
    }
    print(json.dumps({"y": y.tolist(), "yHat": y_hat.tolist(), "expected": expected}, separators=(",", ":")))


main()
