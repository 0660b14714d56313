#!/usr/bin/env python3
"""Loads weights that package pytorch wrote into PyTorch's own module, and holds what it computes against a fixture.

usage: check.py FIXTURE WEIGHTS BACK
       check.py make FIXTURE

FIXTURE names the module, and has an input and PyTorch's output. WEIGHTS is the module's state_dict, as Go saved it. BACK is
written: the state_dict once more, as PyTorch's users save it. Needs the packages torch, numpy and safetensors. This runs it
for every fixture, and reads BACK again:

	go test ./checkpoint/pytorch -python python3

make writes the fixture of Model, model.safetensors: a state_dict, an input and the output.
"""
import sys

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file


class Model(torch.nn.Module):
    """Every module that package pytorch knows, with biases and without; out shares its weight with embed."""

    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Embedding(11, 6)
        self.encoder = torch.nn.LSTM(6, 5, num_layers=2, bidirectional=True)
        self.norm = torch.nn.LayerNorm(10)
        self.decoder = torch.nn.Sequential(torch.nn.Linear(10, 4), torch.nn.Tanh(), torch.nn.Linear(4, 7, bias=False))
        self.gru = torch.nn.GRU(7, 6, bias=False)
        self.scale = torch.nn.LayerNorm(6, bias=False)
        self.out = torch.nn.Linear(6, 11)
        self.out.weight = self.embed.weight

    def forward(self, ids):
        x, _ = self.encoder(self.embed(ids))
        x, _ = self.gru(self.decoder(self.norm(x)))
        return self.out(self.scale(x))

    def weights(self):
        return {name: t.clone() for name, t in self.state_dict().items()}  # save_file wants none shared


def make(path):
    torch.manual_seed(1)
    model, ids = Model().double(), torch.randint(11, (7, 3))
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn_like(p))
        tensors = {**model.weights(), "input": ids, "output": model(ids)}
    save_file(tensors, path, {"module": "Model", "torch": torch.__version__})


def check(fixture, weights, back):
    with safe_open(fixture, "pt") as f:
        of = f.metadata()
        tensors = {name: f.get_tensor(name) for name in f.keys()}
    state_dict = load_file(weights)

    if of["module"] == "Model":
        module = Model().double()
        module.load_state_dict(state_dict, strict=True)
        output, saved = module(tensors["input"]), module.weights()
    else:
        options = {"nonlinearity": of["nonlinearity"]} if of["module"] == "RNN" else {}
        module = getattr(torch.nn, of["module"])(
            int(of["I"]), int(of["H"]), int(of["num_layers"]), bidirectional=of["bidirectional"] == "True", **options).double()
        module.load_state_dict(state_dict, strict=True)
        state = (tensors["h0"], tensors["c0"]) if of["module"] == "LSTM" else tensors["h0"]
        (output, _), saved = module(tensors["input"], state), module.state_dict()
    off = (output - tensors["output"]).abs().max().item()
    print(f"{of['module']}: off by {off}")
    assert off < 1e-12
    save_file(saved, back)


if sys.argv[1] == "make":
    make(sys.argv[2])
else:
    check(*sys.argv[1:])
