"""gpt-2-simple's own model, optimiser and sampler, as one finished TensorFlow graph in one session.

Everything that changes from passage to passage is fed, so nothing is ever added to the graph and a session lasts as
long as the model: base weights, learning rate, epsilon, batch size, length, temperature, top_k and top_p.
One call of gpt-2-simple's is replaced: its sampler draws by `tf.random.categorical`, whose seed is part of the graph;
here it draws by uniform numbers that are fed, as the other engine does.

Importing gpt-2-simple disables TensorFlow's eager execution for the whole process.

Knows arrays and token ids; knows nothing of text, files or recipes.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from verbosify.errors import ModelError
from verbosify.models.formats.gpt2_layout import HParams
from verbosify.models.formats.tensor_bundle import Array

MASKED = -1e10
"""What gpt-2-simple writes over the logits of tokens that may not be drawn."""


def require_tensorflow() -> None:
    """`ModelError`, naming what to install, unless TensorFlow and gpt-2-simple are there. Imports neither."""
    for package, module in (("tensorflow", "tensorflow"), ("gpt-2-simple", "gpt_2_simple")):
        if importlib.util.find_spec(module) is None:
            raise ModelError(
                f"The tensorflow engine needs the package {package}: run `pip install 'verbosify-studio[tensorflow]'`."
            )


def import_gpt2_simple(name: str = "") -> Any:
    """gpt-2-simple, or the module of that name in it, with most of TensorFlow's greetings held back.

    TensorFlow reads how much to say when it is first imported; the environment is as it was afterwards.
    """
    said = os.environ.get("TF_CPP_MIN_LOG_LEVEL")
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2" if said is None else said
    try:
        return importlib.import_module(f"gpt_2_simple{name}")
    finally:
        if said is None:
            del os.environ["TF_CPP_MIN_LOG_LEVEL"]


class GPT2Graph:
    """One GPT-2 in TensorFlow: weights that can be trained, read, and put back.

    Args:
        tensors: the base weights by OpenAI's names. They are kept, and never written to.
        threads: that TensorFlow may compute with.
    """

    def __init__(self, hparams: HParams, tensors: Mapping[str, Array], threads: int) -> None:
        gpt2_simple = import_gpt2_simple()
        tf: Any = importlib.import_module("tensorflow")
        self.tensors = tensors
        self.graph = tf.Graph()
        with self.graph.as_default():
            self._session = gpt2_simple.start_tf_sess(threads=threads)
            self._build_model(tf, hparams)
            self._build_training(tf)
            self._build_sampling(tf, hparams)
            start = tf.compat.v1.variables_initializer([*self._accumulated, *self._adam.variables(), self._drawn])
            self.graph.finalize()
        self.restore()
        self._session.run(start)

    def _build_model(self, tf: Any, hparams: HParams) -> None:
        v1 = tf.compat.v1
        self._context = v1.placeholder(tf.int32, [None, None], "context")
        dimensions = import_gpt2_simple(".src.model").HParams(**{k: getattr(hparams, k) for k in hparams.__slots__})
        output = import_gpt2_simple(".src.model").model(hparams=dimensions, X=self._context)
        self._hparams = dimensions
        self._logits = output["logits"]
        self._last_logits = self._logits[:, -1]
        self._loss = tf.reduce_mean(
            input_tensor=tf.nn.sparse_softmax_cross_entropy_with_logits(
                labels=self._context[:, 1:], logits=self._logits[:, :-1]
            )
        )
        self._variables = {variable.name.removesuffix(":0"): variable for variable in v1.trainable_variables()}

    def _build_training(self, tf: Any) -> None:
        v1 = tf.compat.v1
        self._rate = v1.placeholder(tf.float32, [], "learning_rate")
        self._epsilon = v1.placeholder(tf.float32, [], "epsilon")
        self._adam = v1.train.AdamOptimizer(learning_rate=self._rate, epsilon=self._epsilon)
        known = set(v1.global_variables())
        summed = import_gpt2_simple(".src.accumulate").AccumulatingOptimizer(
            opt=self._adam, var_list=list(self._variables.values())
        )
        self._accumulated = [variable for variable in v1.global_variables() if variable not in known]
        self._reset = summed.reset()
        self._add_gradients = summed.compute_gradients(self._loss)
        self._apply_gradients = summed.apply_gradients()
        self._moments = {variable.name.removesuffix(":0"): variable for variable in self._adam.variables()}
        self._forget = v1.variables_initializer(self._adam.variables())
        both = self._variables | self._moments
        self._values = {name: v1.placeholder(tf.float32, variable.shape) for name, variable in both.items()}
        self._assign = {name: v1.assign(variable, self._values[name]).op for name, variable in both.items()}

    def _build_sampling(self, tf: Any, hparams: HParams) -> None:
        v1 = tf.compat.v1
        self._length = v1.placeholder(tf.int32, [], "length")
        self._temperature = v1.placeholder(tf.float32, [], "temperature")
        self._top_k = v1.placeholder(tf.int32, [], "top_k")
        self._top_p = v1.placeholder(tf.float32, [], "top_p")
        self._uniforms = v1.placeholder(tf.float64, [None, None], "uniforms")
        self._drawn = v1.get_variable("drawn", [], tf.int32, v1.zeros_initializer(), trainable=False)
        self._raw = v1.placeholder(tf.float32, [None, hparams.n_vocab], "raw_logits")
        sampler = _sampler_drawing_by(self._draw(tf))
        self._samples, self._kept = {}, {}
        scaled = self._raw / self._temperature
        truncations = {
            "top_k": ({"top_k": self._top_k}, sampler.top_k_logits(scaled, self._top_k)),
            "top_p": ({"top_p": _Fed(self._top_p)}, sampler.top_p_logits(scaled, self._top_p)),
        }
        for name, (truncation, kept) in truncations.items():
            self._kept[name] = tf.nn.softmax(kept)
            self._samples[name] = sampler.sample_sequence(
                hparams=self._hparams,
                length=self._length,
                context=self._context,
                temperature=self._temperature,
                **truncation,
            )

    def _draw(self, tf: Any) -> Callable[..., Any]:
        """What stands in for `tf.random.categorical`: the token where a uniform number falls."""

        def draw(logits: Any, *, num_samples: int, dtype: Any) -> Any:  # noqa: ARG001  # its num_samples is 1
            with tf.control_dependencies([logits]):  # else rounds of the loop count before it is their turn
                place = tf.compat.v1.assign_add(self._drawn, 1) - 1
            kept = tf.reduce_max(tf.reduce_sum(tf.cast(logits > MASKED, tf.int32), axis=1))
            values, token_ids = tf.nn.top_k(logits, k=kept)  # the first of equals first
            probabilities = tf.nn.softmax(values)
            cumulative = tf.cumsum(tf.cast(probabilities, tf.float64), axis=1)
            uniform = tf.gather(self._uniforms, place, axis=1)[:, tf.newaxis]
            drawn = tf.searchsorted(cumulative, uniform * cumulative[:, -1:], side="right")
            last = tf.math.count_nonzero(probabilities, axis=1, keepdims=True, dtype=tf.int32) - 1
            return tf.cast(tf.gather(token_ids, tf.minimum(drawn, last), batch_dims=1), dtype)

        return draw

    # Weights

    def restore(self) -> None:
        """Put the base weights back."""
        self.assign({name: self.tensors[name] for name in self._variables})

    def assign(self, values: Mapping[str, Array]) -> None:
        """Set the weights and moments of those names."""
        operations = [self._assign[name] for name in values]  # at once, for every set of operations is planned anew
        self._session.run(operations, {self._values[name]: value for name, value in values.items()})

    def weights(self) -> dict[str, Array]:
        """The present weights by OpenAI's names."""
        weights: dict[str, Array] = self._session.run(self._variables)
        return weights

    def moments(self) -> dict[str, Array]:
        """What the optimiser remembers, by TensorFlow's names."""
        return {name: np.asarray(moment) for name, moment in self._session.run(self._moments).items()}

    # Training

    def forget(self) -> None:
        """Make the optimiser as it is before its first step."""
        self._session.run(self._forget)

    def step(self, windows: Sequence[Sequence[int]], rate: float, epsilon: float, *, kept: Sequence[str] = ()) -> float:
        """One step of Adam along the sum of the windows' gradients; returns their mean loss before it.

        The weights named in `kept` get their base values back: Adam moves each weight by itself, so it is as if they
        had never been moved.
        """
        self._session.run(self._reset)
        for window in windows:
            self._session.run(self._add_gradients, {self._context: [window]})
        loss = float(self._session.run(self._apply_gradients, {self._rate: rate, self._epsilon: epsilon}))
        if kept:
            self.assign({name: self.tensors[name] for name in kept})
        return loss

    # Reading and sampling

    def loss(self, token_ids: Sequence[int]) -> float:
        """Mean cross-entropy, nats a token, from the second token on."""
        return float(self._session.run(self._loss, {self._context: [token_ids]}))

    def logits(self, token_ids: Sequence[int]) -> Array:
        """(tokens, vocabulary): what the model expects after each token."""
        logits: Array = self._session.run(self._logits, {self._context: [token_ids]})[0]
        return logits

    def last_logits(self, texts: Sequence[Sequence[int]]) -> Array:
        """(texts, vocabulary): what the model expects after each text; those of one length are read together."""
        found = np.empty((len(texts), self._hparams.n_vocab), np.float32)
        for length in {len(text) for text in texts}:
            places = [place for place, text in enumerate(texts) if len(text) == length]
            logits = self._session.run(self._last_logits, {self._context: [texts[place] for place in places]})
            found[places] = logits
        return found

    def sample(
        self, token_ids: Sequence[int], uniforms: Array, *, temperature: float, top_k: int, top_p: float
    ) -> Array:
        """New token ids, (n, length), drawn by `uniforms` of that shape; by `top_p` if it is below 1, else by `top_k`.

        `top_k` 0 keeps all.
        """
        rows, length = uniforms.shape
        feed = {self._context: [token_ids] * rows, self._uniforms: uniforms, self._length: length}
        kind, truncation = self._truncation(temperature, top_k, top_p)
        self._session.run(self._drawn.initializer)
        sampled: Array = self._session.run(self._samples[kind], feed | truncation)
        return sampled[:, len(token_ids) :]

    def probabilities(self, logits: Array, *, temperature: float, top_k: int, top_p: float) -> Array:
        """`logits`, (rows, vocabulary), as the probabilities that are drawn from."""
        kind, truncation = self._truncation(temperature, top_k, top_p)
        probabilities: Array = self._session.run(self._kept[kind], {self._raw: logits} | truncation)
        return probabilities

    def _truncation(self, temperature: float, top_k: int, top_p: float) -> tuple[str, dict[Any, float]]:
        if top_p < 1:
            return "top_p", {self._temperature: temperature, self._top_p: top_p}
        return "top_k", {self._temperature: temperature, self._top_k: min(top_k, self._hparams.n_vocab)}


class _Fed:
    """A number that is fed, where gpt-2-simple asks whether a number known beforehand is above 0: it is."""

    def __init__(self, tensor: Any) -> None:
        self._tensor = tensor

    def __gt__(self, other: float) -> bool:
        return True

    def __tf_tensor__(self, dtype: Any = None, name: str | None = None) -> Any:
        return self._tensor


def _sampler_drawing_by(draw: Callable[..., Any]) -> ModuleType:
    """A copy of gpt-2-simple's sampling module, our own, whose `tf.random.categorical` is `draw`."""
    spec: Any = importlib.util.find_spec("gpt_2_simple.src.sample")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    tf = SimpleNamespace(**vars(module.tf))
    tf.random = SimpleNamespace(categorical=draw)
    module.tf = tf  # type: ignore[attr-defined]
    return module
