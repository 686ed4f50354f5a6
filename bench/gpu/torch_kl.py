"""KL with gradient in PyTorch on CUDA: prints one line of JSON, or the reason why there is none.

Usage: torch_kl.py ROWS CLASSES TEMPERATURE
"""

import json
import sys

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    print(json.dumps({"missing": "PyTorch is not installed"}))
    sys.exit()
if not torch.cuda.is_available():
    print(json.dumps({"missing": f"PyTorch {torch.__version__} has no CUDA device"}))
    sys.exit()

rows, classes, t = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
torch.manual_seed(0)
student = torch.randn(rows, classes, device="cuda", requires_grad=True)
teacher = torch.randn(rows, classes, device="cuda")
milliseconds = []
for repeat in range(12):
    student.grad = None
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    start.record()
    loss = F.kl_div(F.log_softmax(student / t, 1), F.log_softmax(teacher / t, 1), reduction="batchmean", log_target=True)
    (loss * t * t).backward()
    end.record()
    torch.cuda.synchronize()
    if repeat >= 2:
        milliseconds.append(start.elapsed_time(end))
print(
    json.dumps(
        {"torch": torch.__version__, "device": torch.cuda.get_device_name(), "milliseconds": sorted(milliseconds)[5]}
    )
)
