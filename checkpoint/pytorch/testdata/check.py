#!/usr/bin/env python3
"""Loads weights that package pytorch wrote into PyTorch's own module, and holds what it computes against a fixture.

usage: check.py FIXTURE WEIGHTS BACK

FIXTURE names the module, and has an input and PyTorch's output. WEIGHTS is the module's state_dict, as Go saved it. BACK is
written: the state_dict once more, as PyTorch's users save it. Needs the packages torch, numpy and safetensors. This runs it
for every fixture, and reads BACK again:

	go test ./checkpoint/pytorch -python python3
"""
import sys

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

fixture, weights, back = sys.argv[1:]
with safe_open(fixture, "pt") as f:
    of = f.metadata()
    tensors = {name: f.get_tensor(name) for name in f.keys()}
state_dict = load_file(weights)

options = {"nonlinearity": of["nonlinearity"]} if of["module"] == "RNN" else {}
module = getattr(torch.nn, of["module"])(
    int(of["I"]), int(of["H"]), int(of["num_layers"]), bidirectional=of["bidirectional"] == "True",
    bias="bias_ih_l0" in state_dict, **options)
module = module.double()
module.load_state_dict(state_dict, strict=True)
if "bias_ih_l0" in state_dict:
    state = (tensors["h0"], tensors["c0"]) if of["module"] == "LSTM" else tensors["h0"]
    output, _ = module(tensors["input"], state)
    off = (output - tensors["output"]).abs().max().item()
    print(f"{of['module']}: off by {off}")
    assert off < 1e-12
save_file(module.state_dict(), back)
