"""Trains Keras' LSTM from given weights on given batches, as an oracle for models/lstm.

python -m venv /tmp/oracle && /tmp/oracle/bin/pip install -r tests/oracles/lstm/requirements.txt
/tmp/oracle/bin/python tests/oracles/lstm/make.py > tests/oracles/lstm/keras.json
"""

import json
import os

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0")

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

# Row counts that no batch and no group of four rows divides; sizes that do and don't fill vectors.
CASES = [
    {"nSteps": 6, "nFeatures": 3, "units": 8, "nRows": 58, "batchSize": 16, "epochs": 4, "learningRate": 0.01},
    {"nSteps": 20, "nFeatures": 5, "units": 24, "nRows": 37, "batchSize": 32, "epochs": 6, "learningRate": 0.003},
    {"nSteps": 1, "nFeatures": 2, "units": 8, "nRows": 21, "batchSize": 21, "epochs": 5, "learningRate": 0.05},
]


def flat(weights):
    return [float(f"{value:.7g}") for part in weights for value in np.asarray(part).ravel()]


def train(case, random):
    steps, features, units, rows = (case[name] for name in ["nSteps", "nFeatures", "units", "nRows"])
    X = np.round(random.normal(size=(rows, steps, features)), 3).astype("float32")
    X[0] *= 20  # far out, where gates are saturated
    y = np.round(np.tanh(X[:, -1, 0] + X[:, steps // 2, 1]) + 0.3 * random.normal(size=rows), 3).astype("float32")
    shapes = [(features, 4 * units), (units, 4 * units), (4 * units,), (units, 1), (1,)]
    weights = [np.round(random.normal(size=shape) * 0.25, 4).astype("float32") for shape in shapes]
    model = keras.Sequential(
        [
            keras.Input((steps, features)),
            keras.layers.LSTM(units, activation="tanh", recurrent_activation="sigmoid"),
            keras.layers.Dense(1),
        ]
    )
    model.set_weights(weights)
    before = model(X)[:, 0].numpy()
    optimizer = keras.optimizers.Adam(case["learningRate"])
    losses = []
    for _ in range(case["epochs"]):
        for start in range(0, rows, case["batchSize"]):
            batch = slice(start, start + case["batchSize"])
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(model(X[batch], training=True)[:, 0] - y[batch]))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
            losses.append(loss.numpy())
    return {
        **case,
        "X": flat([X]),
        "y": flat([y]),
        "weights": flat(weights),
        "yHatBefore": flat([before]),
        "losses": flat([losses]),
        "weightsAfter": flat(model.get_weights()),
        "yHatAfter": flat([model(X)[:, 0].numpy()]),
    }


def main():
    random = np.random.default_rng(5)
    print(json.dumps({"cases": [train(case, random) for case in CASES]}, separators=(",", ":")))


main()
