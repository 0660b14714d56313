"""PyTorch's mm and tanh, nn.RNN, nn.LSTM and nn.GRU, and whole training steps, all in eager mode."""
import sys

import torch

import peer

torch.set_num_threads(int(sys.argv[1]))
tensor = torch.from_numpy


def load(family, s, operand):
    torch.set_default_dtype(getattr(torch, operand.dtype))
    if family == "matmul":
        a, b = map(tensor, operand.factors(s))
        c = torch.empty(s["m"], s["n"])

        def run():
            with torch.inference_mode():
                torch.mm(a, b, out=c)
            return {"c": c}

        return run
    if family == "elementwise" and s["op"] == "tanh":
        x = tensor(operand("x", s["n"]))
        z = torch.empty_like(x)

        def run():
            with torch.inference_mode():
                torch.tanh(x, out=z)
            return {"z": z}

        return run
    if family == "train_step":
        return train_step(s, operand)
    module, _, pass_ = family.partition("_")
    if module not in ("rnn", "lstm", "gru"):
        return None
    T, B, I, H = s["t"], s["b"], s["i"], s["h"]
    x, dy = tensor(operand("x", T, B, I)), tensor(operand("dy", T, B, H))
    states = [tensor(operand(name, B, H))[None] for name in (["h0", "c0"] if module == "lstm" else ["h0"])]
    layer = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[module](I, H)
    width = layer.bias_ih_l0.numel()
    with torch.no_grad():
        layer.weight_ih_l0.copy_(tensor(operand("wx", I, width)).T)
        layer.weight_hh_l0.copy_(tensor(operand("wh", H, width)).T)
        layer.bias_ih_l0.copy_(tensor(operand("b", width)))
        if module == "gru":
            layer.bias_hh_l0.copy_(tensor(operand("bh", width)))
        else:
            layer.bias_hh_l0.zero_()  # of its two biases we leave one at zero

    def call(x, states):
        return layer(x, tuple(states) if module == "lstm" else states[0])[0]

    def forward():
        with torch.inference_mode():
            y = call(x, states)
        return {"h": Later(lambda: torch.cat([states[0], y]))}

    def train():
        layer.zero_grad(set_to_none=True)
        x_, states_ = x.detach().requires_grad_(), [s.detach().requires_grad_() for s in states]
        y = call(x_, states_)
        y.backward(dy)
        results = {
            "h": Later(lambda: torch.cat([states[0], y.detach()])), "dx": x_.grad, "dh0": states_[0].grad,
            "dwx": layer.weight_ih_l0.grad.T, "dwh": layer.weight_hh_l0.grad.T, "db": layer.bias_ih_l0.grad,
        }
        if module == "lstm":
            results["dc0"] = states_[1].grad
        if module == "gru":
            results["dbh"] = layer.bias_hh_l0.grad
        return results

    return forward if pass_ == "forward" else train


class CharRNN(torch.nn.Module):
    """The text model: a recurrent layer from a state of zero, and an affine one."""

    def __init__(self, inputs, hidden, classes):
        super().__init__()
        self.rnn, self.out = torch.nn.RNN(inputs, hidden), torch.nn.Linear(hidden, classes)
        torch.nn.init.zeros_(self.rnn.bias_hh_l0).requires_grad_(False)  # of its two biases one is enough

    def forward(self, x):
        return self.out(self.rnn(x)[0]).flatten(0, 1)


class CharLM(torch.nn.Module):
    """The text model with an embedding and an LSTM, whose state is carried from call to call."""

    def __init__(self, vocabulary, inputs, hidden, classes):
        super().__init__()
        self.embedding, self.rnn = torch.nn.Embedding(vocabulary, inputs), torch.nn.LSTM(inputs, hidden)
        self.out, self.state = torch.nn.Linear(hidden, classes), None
        torch.nn.init.zeros_(self.rnn.bias_hh_l0).requires_grad_(False)

    def forward(self, ids):
        y, state = self.rnn(self.embedding(ids), self.state)
        self.state = tuple(s.detach() for s in state)
        return self.out(y).flatten(0, 1)


def train_step(s, operand):
    """Gradients to zero, forward, loss, backward, for the text models clipping, and Adam."""
    values = {name: operand(name, -1) for name in ("b", "by")}
    classes, width = values["by"].size, values["b"].size
    values |= {"wx": operand("wx", -1, width), "wy": operand("wy", -1, classes)}
    inputs, hidden = values["wx"].shape[0], values["wy"].shape[0]
    target = tensor(operand("target", -1)).long()
    if s["net"] == "digits":
        x = tensor(operand("x", s["b"], inputs))
        net = torch.nn.Sequential(torch.nn.Linear(inputs, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, classes))
        params = {"wx": net[0].weight, "b": net[0].bias, "wy": net[2].weight, "by": net[2].bias}
    else:
        values["wh"] = operand("wh", hidden, width)
        if s["net"] == "charrnn":
            x = tensor(operand("x", -1, s["b"], inputs))
            net = CharRNN(inputs, hidden, classes)
            params = {}
        else:
            x = tensor(operand("ids", -1, s["b"])).long()
            values["w"] = operand("w", -1, inputs)
            net = CharLM(*values["w"].shape, hidden, classes)
            params = {"w": net.embedding.weight}
        params |= {"wx": net.rnn.weight_ih_l0, "wh": net.rnn.weight_hh_l0, "b": net.rnn.bias_ih_l0, "wy": net.out.weight, "by": net.out.bias}

    def ours(name, v):
        """As we have a parameter, which PyTorch has transposed unless it is the embedding's; and back."""
        return v if name == "w" else v.T

    with torch.no_grad():
        for name, p in params.items():
            p.copy_(ours(name, tensor(values[name])))
    trained = list(params.values())
    loss_of = torch.nn.CrossEntropyLoss()
    adam = torch.optim.Adam(trained, lr=0.001, betas=(0.9, 0.999), fused=True)  # the fastest that it has on a CPU

    def run():
        adam.zero_grad()
        loss = loss_of(net(x), target)
        loss.backward()
        if s["net"] != "digits":
            torch.nn.utils.clip_grad_norm_(trained, 1)
        adam.step()
        return {"loss": Later(lambda: loss.detach())} | {"d" + name: Later(lambda n=name, p=p: ours(n, p.grad)) for name, p in params.items()}

    return run


class Later:
    """A result that is put together only if somebody asks for it."""

    def __init__(self, make):
        self.make = make

    def __array__(self, dtype=None, copy=None):
        return self.make().numpy()


peer.serve(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads", load)
