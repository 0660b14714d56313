#!/usr/bin/python3
"""Writes reference results of PyTorch's layers around recurrent ones as safetensors files (float64), as gen_fixtures.py does.

usage: gen_blocks.py OUTDIR SEED   (needs PyTorch and NumPy)
"""
import os, sys
import torch
from torch.nn import functional as F
from gen_fixtures import save

def main(out, seed):
    os.makedirs(out, exist_ok=True)
    torch.manual_seed(seed)
    torch.set_default_dtype(torch.float64)
    leaf = lambda *shape: torch.randn(*shape).requires_grad_(True)
    write = lambda name, meta, **tensors: save(os.path.join(out, name + ".safetensors"), tensors, dict(meta, torch=torch.__version__))

    # rows far from 0 among them, and one of equal numbers
    x, gamma, beta, dy = torch.randn(4, 3, 7), leaf(7), leaf(7), torch.randn(4, 3, 7)
    x[1] += 10
    x[2, 0] = 5
    x.requires_grad_(True)
    y = F.layer_norm(x, (7,), gamma, beta, eps=1e-5)
    (y * dy).sum().backward()
    write("layer_norm", dict(function="layer_norm", eps=1e-5), input=x, gamma=gamma, beta=beta, output=y, d_output=dy,
          d_input=x.grad, **{"grad.gamma": gamma.grad, "grad.beta": beta.grad})

    w, ids, dy = leaf(11, 5), torch.randint(0, 6, (4, 3)), torch.randn(4, 3, 5)
    y = F.embedding(ids, w)
    (y * dy).sum().backward()
    write("embedding", dict(function="embedding"), weight=w, ids=ids, output=y, d_output=dy, **{"grad.weight": w.grad})

    # the logits with some at which exp overflows
    y, target = leaf(4, 3), torch.randn(4, 3)
    logits, labels = torch.randn(4, 3) * 3, torch.rand(4, 3).round(decimals=1)
    logits[0] = torch.tensor([800., -800., 0.])
    logits.requires_grad_(True)
    squared, cross = F.mse_loss(y, target), F.binary_cross_entropy_with_logits(logits, labels)
    squared.backward(), cross.backward()
    write("losses", dict(functions="mse_loss binary_cross_entropy_with_logits"), output=y, target=target, squared=squared.reshape(1),
          d_output=y.grad, logits=logits, labels=labels, cross=cross.reshape(1), d_logits=logits.grad)

main(sys.argv[1], int(sys.argv[2]))
