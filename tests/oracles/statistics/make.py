"""Computes tests and scores of forecasts with statsmodels, SciPy and scikit-learn, as an oracle for
models/evaluation/statistics.

python -m venv /tmp/oracle && /tmp/oracle/bin/pip install -r tests/oracles/statistics/requirements.txt
/tmp/oracle/bin/python tests/oracles/statistics/make.py > tests/oracles/statistics/statistics.json
"""

import json

import numpy as np
import statsmodels.api as sm
from scipy import stats
from sklearn.metrics import brier_score_loss, mean_pinball_loss
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint


def mean_over_error(values: np.ndarray, lag: int) -> float:
    """The mean over its Newey-West standard error, from a regression on a constant."""
    fit = sm.OLS(values, np.ones(len(values))).fit(
        cov_type="HAC", cov_kwds={"maxlags": lag, "kernel": "bartlett", "use_correction": False}
    )
    return float(fit.params[0] / fit.bse[0])


def main() -> None:
    random = np.random.default_rng(11)
    n = 300
    y = np.round(random.standard_t(4, size=n) * 0.02, 6)
    y_hat = np.round(0.15 * y + random.normal(size=n) * 0.005, 6)
    y_hat[[5, 6, 7]] = 0.001
    differential = (y - y_hat) ** 2 - y**2
    gains = y**2 - (y - y_hat) ** 2 + y_hat**2
    cases = []
    for horizon in [1, 2, 10]:
        lag = 0 if horizon == 1 else 3 * horizon - 1
        correction = np.sqrt((n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n)
        dm = mean_over_error(differential, lag) * correction
        cw = mean_over_error(gains, lag)
        cases.append(
            {
                "horizon": horizon,
                "dieboldMariano": {
                    "statistic": dm,
                    "pBetter": stats.t.cdf(dm, n - 1),
                    "pWorse": stats.t.sf(dm, n - 1),
                    "pTwoSided": 2 * stats.t.sf(abs(dm), n - 1),
                },
                "clarkWest": {"statistic": cw, "pValue": stats.norm.sf(cw)},
            }
        )
    spearman = stats.spearmanr(y_hat, y)
    shares = [(0.5, 100), (0.53, 250.5), (0.0, 30), (1.0, 12), (0.513, 2979)]
    p_values = [0.01, 0.04, 0.03, 0.005, 0.5, 0.04]
    lower, upper = y_hat - 0.03, y_hat + 0.02
    points = [-40.0, -8.5, -3.0, -1.2, -0.3, 0.0, 0.4, 1.2, 1.3, 1.8, 2.5, 6.0, 9.0]
    right = (random.random(n) < 0.56).astype(float)
    promised = np.round(0.5 + 0.4 * random.random(n), 4)
    print(
        json.dumps(
            {
                "y": y.tolist(),
                "yHat": y_hat.tolist(),
                "cases": cases,
                "spearman": {"statistic": spearman.statistic, "pValue": spearman.pvalue},
                "wilson": [
                    {"share": p, "n": m, "interval": proportion_confint(p * m, m, method="wilson")} for p, m in shares
                ],
                "holm": {"pValues": p_values, "adjusted": multipletests(p_values, method="holm")[1].tolist()},
                "pinball": {
                    "lower": lower.tolist(),
                    "upper": upper.tolist(),
                    "mean80": (mean_pinball_loss(y, lower, alpha=0.1) + mean_pinball_loss(y, upper, alpha=0.9)) / 2,
                },
                "brier": {
                    "right": right.tolist(),
                    "promised": promised.tolist(),
                    "score": brier_score_loss(right, promised),
                    "baseRate": brier_score_loss(right, np.full(n, right.mean())),
                },
                "normal": [{"x": x, "p": stats.norm.cdf(x)} for x in points],
                "student": [
                    {"t": t, "degrees": d, "p": stats.t.cdf(t, d)} for d in [1, 2.5, 10, 299, 5000] for t in points
                ],
            },
            separators=(",", ":"),
        )
    )


main()
