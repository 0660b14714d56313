"""ONNX Runtime's MatMul, Gemm, Tanh, RNN, LSTM and GRU."""
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

import peer


def session(node, inputs, outputs, **constants):
    """A session of one node."""
    graph = helper.make_graph(
        [node], "case", inputs=[helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs.items()],
        outputs=[helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in outputs],
        initializer=[onnx.numpy_helper.from_array(np.ascontiguousarray(v), n) for n, v in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(sys.argv[1])
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def load(family, s, operand):
    if family == "matmul":
        a, b = operand.factors(s)
        node = helper.make_node("MatMul", ["a", "b"], ["c"])
        if "trans" in s:
            tn = s["trans"] == "tn"
            a, b = (a.T, b) if tn else (a, b.T)  # as they are stored
            node = helper.make_node("Gemm", ["a", "b"], ["c"], transA=int(tn), transB=int(not tn))
        one = session(node, {"a": a.shape, "b": b.shape}, ["c"])
        return lambda: {"c": one.run(None, {"a": a, "b": b})[0]}
    if family == "elementwise" and s["op"] == "tanh":
        x = operand("x", s["n"])
        one = session(helper.make_node("Tanh", ["x"], ["z"]), {"x": x.shape}, ["z"])
        return lambda: {"z": one.run(None, {"x": x})[0]}
    if family not in ("rnn_forward", "lstm_forward", "gru_forward"):
        return None
    kind = family.removesuffix("_forward")
    T, B, I, H = s["t"], s["b"], s["i"], s["h"]
    # Its gates are i o f c and z r h, ours are i f g o and r z n.
    order = {"rnn": [0], "lstm": [0, 3, 1, 2], "gru": [1, 0, 2]}[kind]
    width = len(order) * H

    def weights(v):
        """[rows, gates·H] as ONNX has it, [1, gates·H, rows]."""
        return np.concatenate([v[..., g * H : (g + 1) * H].T for g in order])[None]

    b = operand("b", width)
    bh = operand("bh", width) if kind == "gru" else np.zeros_like(b)
    inputs = {"x": operand("x", T, B, I), "h0": operand("h0", B, H)[None]}
    if kind == "lstm":
        inputs["c0"] = operand("c0", B, H)[None]
    options = {"linear_before_reset": 1} if kind == "gru" else {}
    one = session(
        helper.make_node(kind.upper(), ["x", "w", "r", "b", "", *list(inputs)[1:]], ["y"], hidden_size=H, **options),
        {name: v.shape for name, v in inputs.items()}, ["y"],
        w=weights(operand("wx", I, width)), r=weights(operand("wh", H, width)), b=np.concatenate([weights(b), weights(bh)], axis=1))

    def run():
        y = one.run(None, inputs)[0]
        return {"h": Later(lambda: np.concatenate([inputs["h0"], y[:, 0]]))}

    return run


class Later:
    """A result that is put together only if somebody asks for it."""

    def __init__(self, make):
        self.make = make

    def __array__(self, dtype=None, copy=None):
        return self.make()


peer.serve(f"ONNX Runtime {onnxruntime.__version__}", load, types=["float32"])
