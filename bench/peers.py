"""Peers of the benchmark, in Python: PyTorch and JAX (XLA on the CPU, jitted), one thread each.

Reads one request a line from standard input, {"case": ..., "folder": ..., "repeats": ..., shapes ...}, and answers with
one line: the seconds of each repeat and the result, by peer; a peer that does not import is named as absent.
Data are float32 files that the TypeScript side wrote, so that both compute the same thing.
"""

import json
import os
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")
os.environ.setdefault(
    "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
)
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import numpy as np

from numpy_similarities import SIMILARITIES

try:
    import torch
    import torch.nn.functional as F

    from peer_losses import LOSSES

    torch.set_num_threads(1)
except ImportError:
    torch = None

try:
    import jax
    import jax.numpy as jnp
except ImportError:
    jax = None


def load(request, name, kind=np.float32):
    path = os.path.join(request["folder"], name + ".bin")
    return np.fromfile(path, dtype=kind).reshape(request["shapes"][name])


def timed(repeats, compute, wall=False):
    """CPU time, which other work on the machine distorts least, or the time on the wall."""
    clock = time.perf_counter if wall else time.process_time
    result = compute()  # warm: allocator, and XLA's compilation
    seconds = []
    for _ in range(repeats):
        start = clock()
        result = compute()
        seconds.append(clock() - start)
    return {"seconds": seconds, "result": result}


def torch_kl(request):
    student = torch.from_numpy(load(request, "studentLogits")).requires_grad_()
    teacher = torch.from_numpy(load(request, "teacherLogits"))
    t = request["temperature"]

    def compute():
        student.grad = None
        loss = F.kl_div(
            F.log_softmax(student / t, 1), F.softmax(teacher / t, 1), reduction="batchmean"
        ) * (t * t)
        loss.backward()
        return loss.item()

    return compute


def jax_kl(request):
    student = jnp.asarray(load(request, "studentLogits"))
    teacher = jnp.asarray(load(request, "teacherLogits"))
    t = request["temperature"]

    def loss(s, u):
        p = jax.nn.log_softmax(u / t)
        q = jax.nn.log_softmax(s / t)
        return t * t * jnp.sum(jnp.exp(p) * (p - q)) / s.shape[0]

    step = jax.jit(jax.value_and_grad(loss))

    def compute():
        value, gradient = step(student, teacher)
        gradient.block_until_ready()
        return float(value)

    return compute


def torch_hint(request):
    student = torch.from_numpy(load(request, "studentFeatures")).requires_grad_()
    teacher = torch.from_numpy(load(request, "teacherFeatures"))

    def compute():
        student.grad = None
        loss = F.mse_loss(student, teacher)
        loss.backward()
        return loss.item()

    return compute


def jax_hint(request):
    student = jnp.asarray(load(request, "studentFeatures"))
    teacher = jnp.asarray(load(request, "teacherFeatures"))
    step = jax.jit(jax.value_and_grad(lambda s, t: jnp.mean((s - t) ** 2)))

    def compute():
        value, gradient = step(student, teacher)
        gradient.block_until_ready()
        return float(value)

    return compute


def torch_loss(request):
    """A loss by its name: value, and gradients in the student's inputs."""
    given = {}
    for name in request["shapes"]:
        whole = name in ("labels", "teacherIndices")
        tensor = torch.from_numpy(load(request, name, np.int32 if whole else np.float32))
        given[name] = tensor.long() if whole else tensor
    leaves = [tensor for name, tensor in given.items() if is_leaf(name)]
    for leaf in leaves:
        leaf.requires_grad_()
    loss_of = LOSSES[request["loss"]]

    def compute():
        for leaf in leaves:
            leaf.grad = None
        loss = loss_of(given)
        loss.backward()
        return loss.item()

    return compute


def is_leaf(name):
    return name == "variance" or (name.startswith("student") and name != "studentQueue")


def torch_products(request):
    """The products of a linear head that holds no logits: both sides' twice, and the gradients of the student's."""
    given = {name: torch.from_numpy(load(request, name)) for name in request["shapes"]}
    h, w = given["studentStates"], given["studentWeight"]

    def compute():
        for _ in range(2):
            logits = h @ w.T
            given["teacherStates"] @ given["teacherWeight"].T
        logits.T @ h
        return (logits @ w)[0, 0].item()

    return compute


def numpy_similarity(request):
    x, y = load(request, "x").copy(), load(request, "y").copy()
    similarity = SIMILARITIES[request["similarity"]]
    return lambda: float(similarity(x, y))


def torch_calibration(request):
    probabilities = torch.from_numpy(load(request, "probabilities"))
    labels = torch.from_numpy(load(request, "labels", np.int32)).long()
    bins = request["bins"]
    boundaries = torch.linspace(0, 1, bins + 1)

    def compute():
        confidence, prediction = probabilities.max(1)
        correct = (prediction == labels).double()
        index = torch.bucketize(confidence, boundaries[1:-1])
        gap = torch.zeros(bins, dtype=torch.float64)
        gap.index_add_(0, index, confidence.double() - correct)
        return (gap.abs().sum() / len(labels)).item()

    return compute


def torch_cka(request):
    x = torch.from_numpy(load(request, "x"))
    y = torch.from_numpy(load(request, "y"))

    def compute():
        a = x - x.mean(0)
        b = y - y.mean(0)
        cross = (b.T @ a).norm() ** 2
        return (cross / ((a.T @ a).norm() * (b.T @ b).norm())).item()

    return compute


def jax_cka(request):
    x = jnp.asarray(load(request, "x"))
    y = jnp.asarray(load(request, "y"))

    def cka(a, b):
        a = a - a.mean(0)
        b = b - b.mean(0)
        cross = jnp.sum((b.T @ a) ** 2)
        return cross / (jnp.linalg.norm(a.T @ a) * jnp.linalg.norm(b.T @ b))

    jitted = jax.jit(cka)
    return lambda: float(jitted(x, y))


def torch_similarity(request):
    models = torch.from_numpy(load(request, "features"))  # [models, samples, width]

    def compute():
        grams = models @ models.transpose(1, 2)
        rows = grams / grams.norm(dim=2, keepdim=True)
        flat = rows.reshape(len(models), -1)
        return ((flat @ flat.T) / models.shape[1]).sum().item()

    return compute


def torch_crd(request):
    """A step of the reference algorithm: embed, gather, score, loss, gradient, for both sides."""
    names = ("studentFeatures", "teacherFeatures")
    names += tuple(side + "Projection" + part for side in ("student", "teacher") for part in ("Weight", "Bias"))
    leaves = {name: torch.from_numpy(load(request, name)).requires_grad_() for name in names}
    banks = {side: torch.from_numpy(load(request, side + "Bank")) for side in ("student", "teacher")}
    positives = torch.from_numpy(load(request, "positiveIndices", np.int32)).long()
    negatives = torch.from_numpy(load(request, "contrastIndices", np.int32)).long()
    index = torch.cat([positives.unsqueeze(1), negatives], 1)
    temperature = request["temperature"]
    batch, count = negatives.shape
    ratio = count / len(banks["student"])

    def embed(side):
        projected = leaves[side + "Features"] @ leaves[side + "ProjectionWeight"] + leaves[side + "ProjectionBias"]
        return F.normalize(projected, dim=1)

    def contrast(anchor, bank, z):
        rows = bank[index.reshape(-1)].reshape(batch, -1, bank.shape[1])
        x = torch.exp(torch.bmm(rows, anchor.unsqueeze(2)).squeeze(2) / temperature) / z
        positive = torch.log(x[:, 0] / (x[:, 0] + ratio))
        negative = torch.log(ratio / (x[:, 1:] + ratio))
        return -(positive.sum() + negative.sum()) / batch

    def compute():
        for leaf in leaves.values():
            leaf.grad = None
        loss = contrast(embed("student"), banks["teacher"], request["studentPartition"])
        loss = loss + contrast(embed("teacher"), banks["student"], request["teacherPartition"])
        loss.backward()
        return loss.item()

    return compute


CASES = {
    "kl": {"torch": torch_kl, "jax": jax_kl},
    "hint": {"torch": torch_hint, "jax": jax_hint},
    "loss": {"torch": torch_loss},
    "products": {"torch": torch_products},
    "similarity of a pair": {"numpy": numpy_similarity},
    "calibration": {"torch": torch_calibration},
    "cka": {"torch": torch_cka, "jax": jax_cka},
    "similarity": {"torch": torch_similarity},
    "crd": {"torch": torch_crd},
}


def versions():
    return {
        "torch": None if torch is None else {"version": torch.__version__, "threads": torch.get_num_threads()},
        "jax": None if jax is None else {"version": jax.__version__, "threads": 1},
    }


def main():
    print(json.dumps(versions()), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        answer = {}
        for peer, prepare in CASES[request["case"]].items():
            if {"torch": torch, "jax": jax}.get(peer, np) is None:
                continue
            threads = request.get("threads", 1) if peer == "torch" else 1
            if torch is not None:
                torch.set_num_threads(threads)
            answer[peer] = timed(request["repeats"], prepare(request), "wall" in request)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
