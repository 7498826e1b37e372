"""Answers questions of benchmarks/accuracy/accuracy.ts, one line of JSON each, with scikit-learn, statsmodels or arch.

A question names one subject and brings the folds of one ticker and horizon. Two sorts of subjects:

- learners get the rows that the kinds learn from and forecast from, and answer in the labels' unit;
- series models get the log total-return prices; they are fitted on the `window` newest daily returns up to a fold's
  first origin, keep those parameters, and forecast from each origin with the prices up to it. Theirs are intervals, too.
"""

import base64
import json
import os
import sys
import warnings

# Everyone has one thread; read when the numeric libraries are loaded.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np  # noqa: E402
from scipy.stats import norm  # noqa: E402

warnings.filterwarnings("ignore")
PERCENT = 100.0  # optimisers do better with returns near 1
AR_LAGS = 5
HAR_SESSIONS = (1, 5, 22)


def numbers(text, columns=None):
    values = np.frombuffer(base64.b64decode(text), dtype="<f8")
    return values if columns is None else values.reshape(-1, columns)


def ridge(X, y, q):
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    # Here the penalty is on the sum of squares, there on their mean.
    return make_pipeline(StandardScaler(), Ridge(alpha=q["alpha"] * len(y))).fit(X, y).predict


def forest(X, y, q):
    from sklearn.ensemble import RandomForestRegressor

    model = RandomForestRegressor(
        n_estimators=q["nTrees"],
        min_samples_leaf=q["minSamplesLeaf"],
        max_depth=q["maxDepth"],
        max_features=q["maxFeatures"],
        bootstrap=q["bootstrap"],
        random_state=q["seed"],
        n_jobs=1,
    )
    return model.fit(X, y).predict


def learner(fit):
    def answer(q):
        parts = []
        for fold in q["folds"]:
            predict = fit(numbers(fold["X"], q["nColumns"]), numbers(fold["y"]), q)
            parts.append(predict(numbers(fold["XTest"], q["nColumns"])))
        return {"yHat": np.concatenate(parts).tolist(), "intervals": []}

    return answer


def gaussian(mean, variance, levels):
    z = [norm.ppf((1 + level) / 2) * np.sqrt(variance) for level in levels]
    return mean, [(mean - width, mean + width) for width in z]


def state_space(model_of):
    """Forecasts of log prices by a model in state-space form, fitted by maximum likelihood."""

    def forecast(prices, origins, q):
        begin, horizon = max(0, origins[0] - q["window"]), q["horizon"]
        fitted = model_of(PERCENT * prices[begin : origins[0] + 1]).fit(disp=0)
        whole = fitted.apply(PERCENT * prices[begin : origins[-1] + 1])
        mean, variance = ahead(whole, origins - begin, horizon)
        last = whole.get_forecast(horizon)
        assert np.allclose(mean[-1], last.predicted_mean[-1], rtol=1e-6), (mean[-1], last.predicted_mean[-1])
        assert np.allclose(variance[-1], last.var_pred_mean[-1], rtol=1e-4), (variance[-1], last.var_pred_mean[-1])
        change = mean / PERCENT - prices[origins]
        change[np.abs(change) < 1e-12] = 0  # no change but for rounding has no direction
        return gaussian(change, variance / PERCENT**2, q["levels"])

    return forecast


def ahead(results, origins, horizon):
    """What get_forecast would give at each origin at once: mean and variance so many steps later."""
    of = results.filter_results
    T, Z, R = of.transition[..., -1], of.design[..., -1], of.selection[..., -1]
    c, d = of.state_intercept[..., -1], of.obs_intercept[..., -1]
    noise = R @ of.state_cov[..., -1] @ R.T
    a, P = of.predicted_state[:, origins + 1].T, of.predicted_state_cov[:, :, origins + 1].transpose(2, 0, 1)
    for _ in range(horizon - 1):
        a, P = a @ T.T + c, T @ P @ T.T + noise
    return (a @ Z.T + d)[:, 0], (Z @ P @ Z.T + of.obs_cov[..., -1])[:, 0, 0]


def arima(lags, trend):
    def model_of(prices):
        from statsmodels.tsa.statespace.sarimax import SARIMAX

        return SARIMAX(prices, order=(lags, 1, 0), trend=trend)

    return state_space(model_of)


def exponential_smoothing(prices):
    from statsmodels.tsa.statespace.exponential_smoothing import ExponentialSmoothing

    # A concentrated scale would be estimated anew from the prices that are forecast.
    return ExponentialSmoothing(prices, trend=True, damped_trend=True, concentrate_scale=False)


def har(prices, origins, q):
    """Least squares of the return over the horizon on the mean returns of the last day, week and month."""
    import statsmodels.api as sm

    def rows(at):
        return np.column_stack([np.ones(len(at))] + [(prices[at] - prices[at - n]) / n for n in HAR_SESSIONS])

    h, known = q["horizon"], origins[0] - q["horizon"]
    at = np.arange(max(HAR_SESSIONS[-1], known - q["window"] + 1), known + 1)
    prediction = sm.OLS(prices[at + h] - prices[at], rows(at)).fit().get_prediction(rows(origins))
    intervals = [tuple(prediction.conf_int(obs=True, alpha=1 - level).T) for level in q["levels"]]
    return prediction.predicted_mean, intervals


def garch(prices, origins, q):
    """No change, with GARCH(1,1) variances and Student's t; over several sessions the variances are summed."""
    from arch import arch_model

    begin, h = max(0, origins[0] - q["window"]), q["horizon"]
    returns = PERCENT * np.diff(prices[begin : origins[-1] + 1])
    known = origins[0] - begin
    options = dict(mean="Zero", vol="GARCH", p=1, q=1, dist="t", rescale=False)
    parameters = arch_model(returns[:known], **options).fit(disp="off").params
    fixed = arch_model(returns, **options).fix(parameters)
    variance = fixed.forecast(horizon=h, start=known - 1, reindex=False).variance.to_numpy().sum(axis=1)
    volatility = np.sqrt(variance[origins - origins[0]]) / PERCENT
    t = [fixed.model.distribution.ppf([(1 + level) / 2], parameters[-1:])[0] for level in q["levels"]]
    return np.zeros(len(origins)), [(-width * volatility, width * volatility) for width in t]


def series(forecast):
    def answer(q):
        prices = numbers(q["logPrices"])
        parts = [forecast(prices, np.array(fold["origins"]), q) for fold in q["folds"]]
        intervals = [
            {side: np.concatenate([part[k][i] for _, part in parts]).tolist() for i, side in enumerate(["lower", "upper"])}
            for k in range(len(q["levels"]))
        ]
        return {"yHat": np.concatenate([mean for mean, _ in parts]).tolist(), "intervals": intervals}

    return answer


SUBJECTS = {
    "scikit-learn Ridge": learner(ridge),
    "scikit-learn RandomForestRegressor": learner(forest),
    "statsmodels random walk": series(arima(0, "n")),
    "statsmodels random walk with drift": series(arima(0, "c")),
    "statsmodels AR": series(arima(AR_LAGS, "c")),
    "statsmodels exponential smoothing": series(state_space(exponential_smoothing)),
    "statsmodels HAR": series(har),
    "arch GARCH": series(garch),
}


def main():
    for line in sys.stdin:
        question = json.loads(line)
        print(json.dumps(SUBJECTS[question["subject"]](question)), flush=True)


main()
