"""A small pre-norm Transformer in plain PyTorch, whose weights carry OpenNMT-py's names for CTranslate2's converter."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  # PyTorch's own name for it

PAD, BEGIN, END = 1, 2, 3
"""Where the special tokens stand in the vocabulary; 0 is the unknown token."""


@dataclass(frozen=True)
class Shape:
    """The size of a model. CTranslate2 needs the number of heads again, since the weights don't tell it."""

    vocabulary: int
    width: int = 128
    heads: int = 8
    feed_forward: int = 256
    layers: int = 2
    dropout: float = 0.05


def positions(length: int, width: int) -> Tensor:
    """The sinusoidal position table of 'Attention is all you need', interleaved as OpenNMT-py does it."""
    table = torch.zeros(length, width)
    place = torch.arange(length).unsqueeze(1).float()
    rate = torch.exp(torch.arange(0, width, 2).float() * -(math.log(10000.0) / width))
    table[:, 0::2], table[:, 1::2] = torch.sin(place * rate), torch.cos(place * rate)
    return table


class Attention(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        for name in ("linear_keys", "linear_values", "linear_query", "final_linear"):
            setattr(self, name, nn.Linear(shape.width, shape.width))

    def _split(self, x: Tensor) -> Tensor:
        return x.view(x.shape[0], -1, self.heads, x.shape[2] // self.heads).transpose(1, 2)

    def forward(self, query: Tensor, memory: Tensor, mask: Tensor | None = None, *, causal: bool = False) -> Tensor:
        mixed = F.scaled_dot_product_attention(
            self._split(self.linear_query(query)),
            self._split(self.linear_keys(memory)),
            self._split(self.linear_values(memory)),
            attn_mask=mask,
            is_causal=causal,
        )
        return self.final_linear(mixed.transpose(1, 2).reshape(query.shape))


class FeedForward(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.w_1 = nn.Linear(shape.width, shape.feed_forward)
        self.w_2 = nn.Linear(shape.feed_forward, shape.width)
        self.layer_norm = nn.LayerNorm(shape.width, 1e-6)
        self.dropout = nn.Dropout(shape.dropout)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.dropout(self.w_2(self.dropout(F.relu(self.w_1(self.layer_norm(x))))))


class EncoderLayer(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.self_attn = Attention(shape)
        self.layer_norm = nn.LayerNorm(shape.width, 1e-6)
        self.feed_forward = FeedForward(shape)
        self.dropout = nn.Dropout(shape.dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        normed = self.layer_norm(x)
        return self.feed_forward(x + self.dropout(self.self_attn(normed, normed, mask)))


class DecoderLayer(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.self_attn, self.context_attn = Attention(shape), Attention(shape)
        self.layer_norm_1 = nn.LayerNorm(shape.width, 1e-6)
        self.layer_norm_2 = nn.LayerNorm(shape.width, 1e-6)
        self.feed_forward = FeedForward(shape)
        self.dropout = nn.Dropout(shape.dropout)

    def forward(self, x: Tensor, memory: Tensor, mask: Tensor) -> Tensor:
        normed = self.layer_norm_1(x)
        x = x + self.dropout(self.self_attn(normed, normed, causal=True))
        return self.feed_forward(x + self.dropout(self.context_attn(self.layer_norm_2(x), memory, mask)))


class Translator(nn.Module):
    """Source and target token numbers in, scores over the vocabulary out."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.source = nn.Embedding(shape.vocabulary, shape.width)
        self.target = nn.Embedding(shape.vocabulary, shape.width)
        self.generator = nn.Linear(shape.width, shape.vocabulary)
        self.register_buffer("table", positions(512, shape.width))
        self.encoder = nn.ModuleList(EncoderLayer(shape) for _ in range(shape.layers))
        self.decoder = nn.ModuleList(DecoderLayer(shape) for _ in range(shape.layers))
        self.encoder_norm = nn.LayerNorm(shape.width, 1e-6)
        self.decoder_norm = nn.LayerNorm(shape.width, 1e-6)
        self.dropout = nn.Dropout(shape.dropout)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.xavier_uniform_(parameter)
        for embedding in (self.source, self.target):
            nn.init.normal_(embedding.weight, 0, shape.width**-0.5)
        self.generator.weight = self.target.weight

    def _embed(self, embedding: nn.Embedding, tokens: Tensor) -> Tensor:
        scaled = embedding(tokens) * math.sqrt(self.shape.width)
        return self.dropout(scaled + self.table[: tokens.shape[1]])

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        mask = (source != PAD)[:, None, None, :]
        memory = self._embed(self.source, source)
        for layer in self.encoder:
            memory = layer(memory, mask)
        memory = self.encoder_norm(memory)
        x = self._embed(self.target, target)
        for layer in self.decoder:
            x = layer(x, memory, mask)
        return self.generator(self.decoder_norm(x))

    def weights(self) -> dict[str, np.ndarray]:
        """The weights under OpenNMT-py's names."""
        prefixes = {
            "encoder.": "encoder.transformer.",
            "decoder.": "decoder.transformer_layers.",
            "encoder_norm.": "encoder.layer_norm.",
            "decoder_norm.": "decoder.layer_norm.",
            "source.": "encoder.embeddings.make_embedding.emb_luts.0.",
            "target.": "decoder.embeddings.make_embedding.emb_luts.0.",
            "generator.": "generator.",
        }
        renamed = {
            f"{side}.embeddings.make_embedding.pe.pe": self.table.unsqueeze(1).numpy()
            for side in ("encoder", "decoder")
        }
        for name, value in self.state_dict().items():
            prefix = name.split(".")[0] + "."
            if prefix in prefixes:
                renamed[prefixes[prefix] + name.removeprefix(prefix)] = value.float().numpy()
        return renamed
