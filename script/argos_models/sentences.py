"""A MiniSBD model of 1 KB, built by hand: a sentence ends at ``. ! ? …`` before a space or the end of the text.

The module downloads a splitter for a package that brings none; ours brings one, so that nothing is ever downloaded.
Needs the ``onnx`` package, at building time only.
"""

from __future__ import annotations

import json

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

UNITS = ["<PAD>", "<UNK>", " ", ".", "!", "?", "…"]


def _constants() -> list[onnx.TensorProto]:
    ends, spaces = np.zeros(len(UNITS), np.float32), np.zeros(len(UNITS), np.float32)
    ends[3:] = 1
    spaces[[0, 2]] = 1
    numbers = {
        "ends": ends,
        "spaces": spaces,
        "from_second": np.array([1], np.int64),
        "to_last": np.array([2**31], np.int64),
        "along_text": np.array([1], np.int64),
        "along_classes": np.array([2], np.int64),
        "one_after": np.array([0, 0, 0, 1], np.int64),
        "zero": np.array(0.0, np.float32),
        "half": np.array(0.5, np.float32),
        "one": np.array(1.0, np.float32),
        "two": np.array(2.0, np.float32),
    }
    return [numpy_helper.from_array(value, name) for name, value in numbers.items()]


def splitter(language: str) -> bytes:
    """The ONNX file. Its three classes are: nothing ends here, a token ends here, a sentence ends here."""
    node = helper.make_node
    nodes = [
        node("Gather", ["ends", "units"], ["is_end"]),
        node("Gather", ["spaces", "units"], ["is_space"]),
        node("Slice", ["is_space", "from_second", "to_last", "along_text"], ["shifted"]),
        node("Pad", ["shifted", "one_after", "one"], ["before_space"]),
        node("Sub", ["one", "is_space"], ["is_text"]),
        node("Mul", ["before_space", "is_text"], ["token"]),
        node("Mul", ["is_end", "before_space"], ["sentence_once"]),
        node("Mul", ["sentence_once", "two"], ["sentence"]),
        node("Mul", ["is_space", "zero"], ["zeros"]),
        node("Add", ["zeros", "half"], ["nothing"]),
        *(node("Unsqueeze", [name, "along_classes"], [f"{name}_3"]) for name in ("nothing", "token", "sentence")),
        node("Concat", ["nothing_3", "token_3", "sentence_3"], ["logits"], axis=2),
    ]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "sentences",
        [value("units", TensorProto.INT64, ["B", "N"]), value("features", TensorProto.FLOAT, ["B", "N", "F"])],
        [value("logits", TensorProto.FLOAT, ["B", "N", 3])],
        _constants(),
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    vocabulary = {"lang": language, "_id2unit": UNITS, "_unit2id": {unit: i for i, unit in enumerate(UNITS)}}
    helper.set_model_props(
        model,
        {
            "lang_code": language,
            "config": json.dumps({"feat_funcs": ["space_before"], "batch_size": 8, "max_seqlen": 1000}),
            "vocab": json.dumps(vocabulary),
        },
    )
    onnx.checker.check_model(model)
    return model.SerializeToString()
