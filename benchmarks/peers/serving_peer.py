"""A prediction API as one would write it in Python: FastAPI on uvicorn, one process, a random forest of 100 trees.

Called with `sklearn` or `onnx`. Every request for /predict/{ticker} asks the forest about that ticker's newest row of
12 features and answers with as many fields as stockcast does. Prints its address when it listens.
"""

import socket
import sys
from datetime import datetime, timezone

import numpy as np
import uvicorn
from fastapi import FastAPI
from sklearn.ensemble import RandomForestRegressor

N_FEATURES = 12
random = np.random.default_rng(7)
X = random.normal(size=(1008, N_FEATURES)).astype(np.float32)
y = 0.1 * X[:, 0] + random.normal(size=len(X))
forest = RandomForestRegressor(n_estimators=100, max_depth=3, min_samples_leaf=5, max_features=1 / 3, random_state=7)
forest.fit(X, y)
rows = {ticker: X[i : i + 1] for i, ticker in enumerate(["AAPL", "GOOG", "IBM", "MSFT"])}

if sys.argv[1] == "onnx":
    import onnxruntime
    from skl2onnx import to_onnx

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(to_onnx(forest, X[:1]).SerializeToString(), options)
    name = session.get_inputs()[0].name

    def predict(row):
        return float(session.run(None, {name: row})[0].ravel()[0])

else:

    def predict(row):
        return float(forest.predict(row)[0])


app = FastAPI()


@app.get("/predict/{ticker}")
async def prediction(ticker: str, horizon: int = 1):
    forecast = predict(rows.get(ticker, X[:1])) / 100
    price = 100.0
    target = float(price * np.exp(forecast))
    return {
        "ticker": ticker,
        "current_price": price,
        "prediction": {
            "price_target": target,
            "confidence": 0.5,
            "direction": "bullish" if forecast > 0 else "bearish",
        },
        "timestamp": datetime.now(timezone.utc).isoformat(),
        "intervals": [
            {"level": 0.8, "low": target * 0.98, "high": target * 1.02},
            {"level": 0.95, "low": target * 0.96, "high": target * 1.04},
        ],
        "horizon": horizon,
        "model": "random-forest",
        "notes": [],
    }


listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listener])
