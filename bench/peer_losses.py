"""The library's losses as one writes them with PyTorch, for the benchmark: a scalar from tensors named as our inputs are.

Composites of PyTorch's own fused operations, in float32, gradients by autograd. Where public code takes a shorter way than
the formula (no guard against masked classes, say), so do these: they are no slower than what people use.
"""

import math

import torch
import torch.nn.functional as F


def pair(given, temperature=1.0):
    """Log-probabilities of student and teacher."""
    return F.log_softmax(given["studentLogits"] / temperature, -1), F.log_softmax(
        given["teacherLogits"] / temperature, -1
    )


def forward_kl(student_log, teacher_log):
    return F.kl_div(student_log, teacher_log, reduction="none", log_target=True).sum(-1)


def total_variation_rows(student_log, teacher_log):
    return 0.5 * (student_log.exp() - teacher_log.exp()).abs().sum(-1)


def reverse(given):
    q, p = pair(given, 4)
    return 16 * forward_kl(p, q).mean()


def soft_cross_entropy(given):
    return 16 * F.cross_entropy(given["studentLogits"] / 4, F.softmax(given["teacherLogits"] / 4, -1))


def jensen_shannon(given):
    q, p = pair(given, 4)
    m = torch.logaddexp(p, q) - math.log(2)
    return 16 * 0.5 * (forward_kl(m, p) + forward_kl(m, q)).mean()


def skewed(given):
    q, p = pair(given)
    m = torch.logaddexp(p + math.log(0.1), q + math.log(0.9))
    return forward_kl(m, p).mean()


def binary_kl(given):
    u, v = given["studentLogits"], given["teacherLogits"]
    entropy = F.binary_cross_entropy_with_logits(v, torch.sigmoid(v))
    return F.binary_cross_entropy_with_logits(u, torch.sigmoid(v)) - entropy


def standardized(given):
    def scores(x):
        return (x - x.mean(-1, keepdim=True)) / x.std(-1, keepdim=True)

    q, p = pair({"studentLogits": scores(given["studentLogits"]), "teacherLogits": scores(given["teacherLogits"])}, 2)
    return 4 * forward_kl(q, p).mean()


def sampled_reverse(given):
    d = given["studentLogProbabilities"] - given["teacherLogProbabilities"]
    k2 = 0.5 * d * d
    return (k2 - k2.detach() + (torch.expm1(-d) + d).detach()).mean()


def alpha(given):
    q, p = pair(given)
    return (torch.expm1(torch.logsumexp(0.5 * (p + q), -1)) / -0.25).mean()


def adaptive(given):
    q, p = pair(given)
    with torch.no_grad():
        order = p.sort(-1, descending=True).indices
        sorted_p, sorted_q = p.exp().gather(-1, order), q.exp().gather(-1, order)
        head = sorted_p.cumsum(-1) - sorted_p < 0.5
        gap = (sorted_p - sorted_q).abs()
        of_head, of_tail = (gap * head).sum(-1), (gap * ~head).sum(-1)
        share = of_head / (of_head + of_tail)
    return (share * forward_kl(q, p) + (1 - share) * forward_kl(p, q)).mean()


def total_variation(given):
    return total_variation_rows(*pair(given)).mean()


def negative_log_acceptance(given):
    return -torch.logsumexp(torch.minimum(*pair(given)), -1).mean()


def acceptance_hybrid(given):
    q, p = pair(given)
    distance = total_variation_rows(q, p)
    weight = torch.exp(-3 * (1 - distance)).detach()
    return (weight * forward_kl(q, p) + (1 - weight) * distance).mean()


def split(logits, labels):
    """log q_y, log(1 − q_y) and the log-probabilities of the other classes, as public code does: by a large negative logit."""
    hot = F.one_hot(labels, logits.shape[-1]).bool()
    of_label = F.log_softmax(logits, -1).gather(-1, labels.unsqueeze(-1)).squeeze(-1)
    others = F.log_softmax(logits.masked_fill(hot, -1000), -1)
    return of_label, torch.log1p(-of_label.exp()), others


def dkd(given):
    q, not_q, others_q = split(given["studentLogits"] / 4, given["labels"])
    p, not_p, others_p = split(given["teacherLogits"] / 4, given["labels"])
    of_label = p.exp() * (p - q) + not_p.exp() * (not_p - not_q)
    return 16 * (of_label + 8 * forward_kl(others_q, others_p)).mean()


def nkd(given):
    q, _, others_q = split(given["studentLogits"], given["labels"])
    p, _, others_p = split(given["teacherLogits"], given["labels"])
    return -(p.exp() * q + 1.5 * (others_p.exp() * others_q).sum(-1)).mean()


def dist(given):
    q, p = F.softmax(given["studentLogits"], -1), F.softmax(given["teacherLogits"], -1)

    def distance(axis):
        return 1 - F.cosine_similarity(
            q - q.mean(axis, keepdim=True), p - p.mean(axis, keepdim=True), axis
        ).mean()

    return distance(-1) + distance(0)


def logit_mse(given):
    return F.mse_loss(given["studentLogits"], given["teacherLogits"])


def margin_mse(given):
    student, teacher = given["studentScores"], given["teacherScores"]
    return F.mse_loss(student[:, :1] - student[:, 1:], teacher[:, :1] - teacher[:, 1:])


def universal_logit_distance(given):
    q = F.softmax(given["studentLogits"], -1).sort(-1, descending=True).values
    p = F.softmax(given["teacherLogits"], -1).sort(-1, descending=True).values
    width = max(q.shape[-1], p.shape[-1])
    return (F.pad(q, (0, width - q.shape[-1])) - F.pad(p, (0, width - p.shape[-1]))).abs().sum(-1).mean()


def sparse(given):
    listed, log_p = given["teacherIndices"], given["teacherLogProbabilities"]
    log_q = F.log_softmax(given["studentLogits"], -1).gather(-1, listed)
    p, q = log_p.exp(), log_q.exp()
    tail_p, tail_q = 1 - p.sum(-1), 1 - q.sum(-1)
    return ((p * (log_p - log_q)).sum(-1) + tail_p * (tail_p.log() - tail_q.log())).mean()


def linear(given):
    q = F.log_softmax(given["studentStates"] @ given["studentWeight"].T, -1)
    with torch.no_grad():
        p = F.log_softmax(given["teacherStates"] @ given["teacherWeight"].T, -1)
    return F.kl_div(q, p, reduction="batchmean", log_target=True)


def hint(given):
    return F.mse_loss(given["studentFeatures"], given["teacherFeatures"])


def cosine(given):
    return (1 - F.cosine_similarity(given["studentFeatures"], given["teacherFeatures"], -1)).mean()


def normalized_mse(given):
    student, teacher = F.normalize(given["studentFeatures"], dim=-1), F.normalize(given["teacherFeatures"], dim=-1)
    return ((student - teacher) ** 2).sum(-1).mean()


def user_cosine(given):
    return (1 - F.cosine_similarity(given["studentLogits"], given["teacherLogits"], -1)).mean()


def attention_mse(given):
    return F.mse_loss(given["studentAttention"], given["teacherAttention"])


def attention_map(x):
    return F.normalize((x * x).mean(1).flatten(1), dim=1)


def attention_transfer(given):
    return (attention_map(given["studentFeatures"]) - attention_map(given["teacherFeatures"])).pow(2).mean()


def channelwise(given):
    q = F.log_softmax(given["studentFeatures"].flatten(2), -1)
    return forward_kl(q, F.log_softmax(given["teacherFeatures"].flatten(2), -1)).mean()


def pixelwise(given):
    q = F.log_softmax(given["studentFeatures"], 1)
    p = F.log_softmax(given["teacherFeatures"], 1)
    return F.kl_div(q, p, reduction="none", log_target=True).sum(1).mean()


def hierarchical_context(given):
    student, teacher = given["studentFeatures"], given["teacherFeatures"]
    total, weight, weights = F.mse_loss(student, teacher), 1.0, 1.0
    for level in (4, 2, 1):
        weight /= 2
        pooled = [F.adaptive_avg_pool2d(x, (level, level)) for x in (student, teacher)]
        total, weights = total + weight * F.mse_loss(*pooled), weights + weight
    return total / weights


def vid(given):
    variance = (F.softplus(given["variance"]) + 1e-5).view(1, -1, 1, 1)
    return 0.5 * ((given["studentFeatures"] - given["teacherFeatures"]) ** 2 / variance + torch.log(variance)).mean()


def selectivity_transfer(given):
    student, teacher = (F.normalize(given[side].flatten(2), dim=2) for side in ("studentFeatures", "teacherFeatures"))

    def kernel(a, b):
        return ((a @ b.transpose(1, 2)) ** 2).mean()

    return kernel(teacher, teacher) + kernel(student, student) - 2 * kernel(student, teacher)


def relational_distance(given):
    student, teacher = given["studentFeatures"], given["teacherFeatures"]
    others = 1 - torch.eye(len(student))

    # cdist takes dot products for batches of this size, the fastest way there is, and leaves rounding on the diagonal.
    def relative(x):
        distances = torch.cdist(x, x) * others
        return distances / distances[distances > 0].mean()

    with torch.no_grad():
        wanted = relative(teacher)
    return F.smooth_l1_loss(relative(student), wanted)


def relational_angle(given):
    def angles(x):
        directions = F.normalize(x.unsqueeze(0) - x.unsqueeze(1), dim=2)
        return directions @ directions.transpose(1, 2)

    with torch.no_grad():
        wanted = angles(given["teacherFeatures"])
    return F.smooth_l1_loss(angles(given["studentFeatures"]), wanted)


def similarity_preserving(given):
    student, teacher = given["studentFeatures"], given["teacherFeatures"]
    own = F.normalize(student @ student.T, dim=1)
    with torch.no_grad():
        wanted = F.normalize(teacher @ teacher.T, dim=1)
    return ((own - wanted) ** 2).sum() / len(student) ** 2


def pkt(given):
    def neighbours(x):
        directions = F.normalize(x, dim=1)
        similarities = (directions @ directions.T + 1) / 2
        return similarities / similarities.sum(1, keepdim=True)

    with torch.no_grad():
        wanted = neighbours(given["teacherFeatures"])
    return (wanted * torch.log(wanted / neighbours(given["studentFeatures"]))).mean()


def relation_divergence(given):
    def relations(x):
        heads = x.unflatten(-1, (12, -1)).transpose(1, 2)
        return F.log_softmax(heads @ heads.transpose(2, 3) / math.sqrt(heads.shape[-1]), -1)

    with torch.no_grad():
        wanted = relations(given["teacherStates"])
    return forward_kl(relations(given["studentStates"]), wanted).mean()


def cka_loss(given):
    x, y = (given[side] - given[side].mean(0) for side in ("studentFeatures", "teacherFeatures"))
    return 1 - (y.T @ x).pow(2).sum() / ((x.T @ x).norm() * (y.T @ y).norm())


def procrustes_loss(given):
    def unit(x):
        x = x - x.mean(0)
        return x / x.norm()

    x, y = unit(given["studentFeatures"]), unit(given["teacherFeatures"])
    return 2 - 2 * torch.linalg.svd(y.T @ x, full_matrices=False).S.sum()


def queue_divergence(given):
    def log_similarities(side):
        rows, queue = F.normalize(given[side + "Features"], dim=1), F.normalize(given[side + "Queue"], dim=1)
        return F.log_softmax(rows @ queue.T / 0.07, -1)

    with torch.no_grad():
        wanted = log_similarities("teacher")
    return forward_kl(log_similarities("student"), wanted).mean()


def in_batch_contrast(given):
    student, teacher = (F.normalize(given[side], dim=1) for side in ("studentFeatures", "teacherFeatures"))
    logits, own = student @ teacher.T / 0.07, torch.arange(len(student))
    return 0.5 * (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own))


def kl(given):
    q, p = pair(given, 4)
    return 16 * F.kl_div(q, p, reduction="batchmean", log_target=True)


def kl_by_pixels(given):
    q = F.log_softmax(given["studentLogits"] / 4, 1)
    p = F.log_softmax(given["teacherLogits"] / 4, 1)
    return 16 * F.kl_div(q, p, reduction="none", log_target=True).sum(1).mean()


# By the names of the benchmark's cases.
LOSSES = {
    "klDivergence": kl,
    "klDivergence by pixels": kl_by_pixels,
    "crossEntropy by pixels": lambda given: F.cross_entropy(given["studentLogits"], given["labels"]),
    "reverse klDivergence": reverse,
    "softCrossEntropy": soft_cross_entropy,
    "jensenShannon": jensen_shannon,
    "crossEntropy": lambda given: F.cross_entropy(given["studentLogits"], given["labels"]),
    "crossEntropy, smoothed": lambda given: F.cross_entropy(
        given["studentLogits"], given["labels"], label_smoothing=0.1
    ),
    "skewedKlDivergence": skewed,
    "binaryKlDivergence": binary_kl,
    "standardizedKlDivergence": standardized,
    "sampledReverseKl": sampled_reverse,
    "alphaDivergence": alpha,
    "adaptiveKlDivergence": adaptive,
    "totalVariation": total_variation,
    "negativeLogAcceptance": negative_log_acceptance,
    "acceptanceHybrid": acceptance_hybrid,
    "logitMse": logit_mse,
    "marginMse": margin_mse,
    "dkd": dkd,
    "nkd": nkd,
    "dist": dist,
    "universalLogitDistance": universal_logit_distance,
    "sparseDivergence": sparse,
    "linearDivergence": linear,
    "hint": hint,
    "cosineDistance": cosine,
    "normalizedMse": normalized_mse,
    "a user's cosine": user_cosine,
    "weightedSum of crossEntropy and klDivergence": lambda given: 0.1
    * F.cross_entropy(given["studentLogits"], given["labels"])
    + 0.9 * kl(given),
    "attentionMse": attention_mse,
    "attentionTransfer": attention_transfer,
    "channelwiseDivergence": channelwise,
    "pixelwiseDivergence": pixelwise,
    "hierarchicalContext": hierarchical_context,
    "vid": vid,
    "selectivityTransfer": selectivity_transfer,
    "relationalDistance": relational_distance,
    "relationalAngle": relational_angle,
    "similarityPreserving": similarity_preserving,
    "pkt": pkt,
    "relationDivergence": relation_divergence,
    "ckaLoss": cka_loss,
    "procrustesLoss": procrustes_loss,
    "queueDivergence": queue_divergence,
    "inBatchContrast": in_batch_contrast,
}
