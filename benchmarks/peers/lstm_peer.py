"""Answers LSTM questions of benchmarks/speed/lstm.ts, one line of JSON each, with Keras on TensorFlow.

Usage: python lstm_peer.py THREADS (0: as many as TensorFlow likes)
"""

import base64
import json
import os
import sys
import time

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3")

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

# As benchmarks/speed/lstm-subjects.ts does.
MOST_PREDICTIONS = 1000
PREDICTING_S = 0.3


class EpochTimes(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.times = []

    def on_epoch_begin(self, epoch, logs=None):
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.times.append((time.perf_counter() - self.started) * 1e3)


def numbers(text, *shape):
    return np.frombuffer(base64.b64decode(text), dtype="<f4").reshape(shape)


def network(q):
    steps, features, units = q["nSteps"], q["nFeatures"], q["units"]
    model = keras.Sequential(
        [
            keras.Input((steps, features)),
            keras.layers.LSTM(units, activation="tanh", recurrent_activation="sigmoid"),
            keras.layers.Dense(1),
        ]
    )
    flat, parts = numbers(q["weights"], -1), []
    for part in model.get_weights():
        parts.append(flat[: part.size].reshape(part.shape))
        flat = flat[part.size :]
    model.set_weights(parts)
    model.compile(optimizer=keras.optimizers.Adam(q["learningRate"]), loss="mean_squared_error")
    return model


def answer(q):
    X, y = numbers(q["x"], -1, q["nSteps"], q["nFeatures"]), numbers(q["y"], -1)
    model, times = network(q), EpochTimes()
    batches = dict(batch_size=q["batchSize"], epochs=q["epochs"], shuffle=False, verbose=0)
    losses = model.fit(X, y, callbacks=[times], **batches).history["loss"]
    predict = tf.function(lambda x: model(x, training=False), reduce_retracing=True)
    predict(tf.constant(X[:1]))
    spent = []
    while len(spent) < MOST_PREDICTIONS and sum(spent) < PREDICTING_S:
        row = X[len(spent) % len(X)][None]
        started = time.perf_counter()
        predict(tf.constant(row)).numpy()
        spent.append(time.perf_counter() - started)
    return {"epochsMs": times.times, "losses": losses, "predictUs": float(np.median(spent)) * 1e6}


def main():
    threads = int(sys.argv[1])
    if threads > 0:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


main()
