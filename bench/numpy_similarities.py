"""Similarities of two representations of the same samples with NumPy, for the benchmark: as one writes them, in float32."""

import numpy as np


def centred(x):
    return x - x.mean(0)


def alignment(k, l):
    return (k * l).sum() / (np.linalg.norm(k) * np.linalg.norm(l))


def cka(x, y):
    x, y = centred(x), centred(y)
    return np.linalg.norm(y.T @ x) ** 2 / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y))


def cka_gram(x, y):
    x, y = centred(x), centred(y)
    return alignment(x @ x.T, y @ y.T)


def rbf(x):
    squares = (x * x).sum(1)
    distances = np.maximum(squares[:, None] + squares[None] - 2 * (x @ x.T), 0)
    kernel = np.exp(distances / (-2 * np.median(distances)))
    kernel = kernel - kernel.mean(0)
    return kernel - kernel.mean(1, keepdims=True)


def cka_rbf(x, y):
    return alignment(rbf(x), rbf(y))


def procrustes(x, y):
    x, y = centred(x), centred(y)
    x, y = x / np.linalg.norm(x), y / np.linalg.norm(y)
    return 2 - 2 * np.linalg.svd(y.T @ x, compute_uv=False).sum()


def mean_cca(x, y):
    x, y = np.linalg.qr(centred(x))[0], np.linalg.qr(centred(y))[0]
    return np.linalg.svd(y.T @ x, compute_uv=False).mean()


def svcca(x, y):
    def leading(z):
        u, s, _ = np.linalg.svd(centred(z), full_matrices=False)
        shares = np.cumsum(s * s) / (s * s).sum()
        return u[:, : int(np.searchsorted(shares, 0.99)) + 1]

    return np.linalg.svd(leading(y).T @ leading(x), compute_uv=False).mean()


def representational(x, y):
    def rows(z):
        gram = z @ z.T
        return gram / np.linalg.norm(gram, axis=1, keepdims=True)

    return (rows(x) * rows(y)).sum() / len(x)


SIMILARITIES = {
    "cka": cka,
    "cka, Gram": cka_gram,
    "cka, RBF": cka_rbf,
    "procrustesDistance": procrustes,
    "meanCca": mean_cca,
    "svcca": svcca,
    "representationalSimilarity": representational,
}
