"""Measures PyTorch on the cases of a devbench run, given as JSON, and prints both as a table in Markdown."""

import json
import statistics
import sys
import time

import torch

torch.backends.cuda.matmul.allow_tf32 = False  # as Keisan computes
torch.backends.cudnn.allow_tf32 = False


def measured(work):
    """The median time of work, in seconds, with the wait for it inside."""
    times = []
    for _ in range(3):
        work()
    torch.cuda.synchronize()
    while len(times) < 10 or sum(times) < 0.2:
        begin = time.perf_counter()
        work()
        torch.cuda.synchronize()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def work_of(case, dims, dtype):
    """What PyTorch has to do for a case; None for what it is not compared on."""
    new = lambda *shape: torch.randn(*shape, device="cuda", dtype=dtype)
    if case == "matmul":
        a, b = new(dims["m"], dims["k"]), new(dims["k"], dims["n"])
        return lambda: a @ b
    if case in ("rnn_forward", "rnn_train"):
        net = torch.nn.RNN(dims["i"], dims["h"]).to("cuda", dtype)
        x = new(dims["t"], dims["b"], dims["i"])
        if case == "rnn_train":
            x.requires_grad_()

            def train():
                net.zero_grad()
                x.grad = None
                net(x)[0].sum().backward()

            return train

        def forward():
            with torch.no_grad():
                net(x)

        return forward
    return None


print(f"PyTorch {torch.__version__}, CUDA {torch.version.cuda}\n")
print("| case | type | Keisan, µs | PyTorch, µs | PyTorch/Keisan |\n|---|---|--:|--:|--:|")
for r in json.load(open(sys.argv[1]))["results"]:
    work = work_of(r["case"].split("/")[0], r.get("dims") or {}, getattr(torch, r["dtype"]))
    if work and r.get("seconds"):
        ours, theirs = r["seconds"]["median"] * 1e6, measured(work) * 1e6
        dims = " ".join(f"{k}={v}" for k, v in r["dims"].items())
        print(f"| {r['case'].split('/')[0]} {dims} | {r['dtype']} | {ours:.1f} | {theirs:.1f} | {theirs / ours:.2f} |")
