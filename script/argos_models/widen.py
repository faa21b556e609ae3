"""Widens a toy package to the shape of a published Argos model, and keeps what it computes.

``python -m argos_models.widen IN.argosmodel OUT.argosmodel`` makes of 2+2 layers, 128 wide, 6+6 layers, 512 wide, with
8 heads, 2,048 feed-forward units and a vocabulary of 32,000: a model that costs what a published one costs and still
translates the toy grammar. It is of the shape of a published model; it is not one.

How a wide model computes the same: every number of the residual stream, of a head and of the feed-forward layer stands
there k times, and whatever adds k equal numbers up is divided by k. Weights stay the int8 numbers they were, only
repeated, so nothing is rounded again. Layers that add nothing come first, and tokens that nobody says fill the
vocabulary. Needs numpy alone.
"""

from __future__ import annotations

import json
import struct
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

LAYERS = 6
WIDTH = 512
FEED_FORWARD = 2048
VOCABULARY = 32_000
_NEVER = -10_000.0  # the bias of a token that nobody says

_TYPES = [np.float32, np.int8, np.int16, np.int32]
"""CTranslate2's numbers for the types of variables (include/ctranslate2/types.h)."""

Array = npt.NDArray[np.generic]


@dataclass
class Model:
    """What a ``model.bin`` holds (binary version 6)."""

    name: str
    revision: int
    variables: dict[str, Array]
    aliases: dict[str, str]


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._place = data, 0

    def numbers(self, code: str) -> tuple[int, ...]:
        values = struct.unpack_from(f"<{code}", self._data, self._place)
        self._place += struct.calcsize(f"<{code}")
        return values

    def text(self) -> str:
        (length,) = self.numbers("H")
        return self.bytes(length)[:-1].decode()

    def bytes(self, length: int) -> bytes:
        self._place += length
        return self._data[self._place - length : self._place]


def read(data: bytes) -> Model:
    """Read a ``model.bin``.

    Raises:
        ValueError: it is of another binary version.
    """
    reader = _Reader(data)
    (version,) = reader.numbers("I")
    if version != 6:
        raise ValueError(f"model.bin is of binary version {version}, and this reads version 6")
    name = reader.text()
    revision, count = reader.numbers("II")
    variables: dict[str, Array] = {}
    for _ in range(count):
        key = reader.text()
        (rank,) = reader.numbers("B")
        shape = reader.numbers(f"{rank}I")
        kind, length = reader.numbers("BI")
        variables[key] = np.frombuffer(reader.bytes(length), _TYPES[kind]).reshape(shape)
    (count,) = reader.numbers("I")
    return Model(name, revision, variables, {reader.text(): reader.text() for _ in range(count)})


def written(model: Model) -> bytes:
    """A ``model.bin``: the other way round."""

    def text(value: str) -> bytes:
        return struct.pack("<H", len(value.encode()) + 1) + value.encode() + b"\0"

    parts = [struct.pack("<I", 6), text(model.name), struct.pack("<II", model.revision, len(model.variables))]
    for name, value in sorted(model.variables.items()):
        kind = next(number for number, each in enumerate(_TYPES) if value.dtype == each)
        parts += [text(name), struct.pack(f"<B{value.ndim}I", value.ndim, *value.shape)]
        parts += [struct.pack("<BI", kind, value.nbytes), value.tobytes()]
    parts.append(struct.pack("<I", len(model.aliases)))
    parts += [text(alias) + text(name) for alias, name in sorted(model.aliases.items())]
    return b"".join(parts)


class _Widening:
    """From the variables of the small model to those of the wide one."""

    def __init__(self, small: dict[str, Array]) -> None:
        self._small = small
        self.wide = {name: value for name, value in small.items() if value.ndim == 0}
        vocabulary, width = small["decoder/embeddings/weight"].shape
        heads, units = int(small["encoder/num_heads"]), len(small["encoder/layer_0/ffn/linear_0/bias"])
        self._times, self._times_units = WIDTH // width, FEED_FORWARD // units
        if self._times * width != WIDTH or self._times_units * units != FEED_FORWARD or width % heads:
            raise ValueError(
                f"a model {width} wide, with {units} units, can't be repeated to {WIDTH} and {FEED_FORWARD}"
            )
        # Where each number of the wide model comes from: the stream is repeated as a whole, a head within itself.
        self._stream = np.tile(np.arange(width), self._times)
        self._heads = np.tile(np.arange(width).reshape(heads, 1, -1), (1, self._times, 1)).ravel()
        self._units = np.tile(np.arange(units), self._times_units)
        self._width, self._more = width, VOCABULARY - vocabulary

    def run(self) -> dict[str, Array]:
        for side, blocks in (("encoder", ["self_attention"]), ("decoder", ["self_attention", "attention"])):
            layers = 1 + max(
                int(name.split("/")[1][6:])
                for name in self._small
                if name.startswith(f"{side}/layer_") and name.split("/")[1] != "layer_norm"
            )
            for layer in range(LAYERS):
                added = layer < LAYERS - layers  # in front, so that the last layer's attention is the trained one
                origin, place = max(layer - (LAYERS - layers), 0), layer
                for block in blocks:
                    self._attention(f"{side}/layer_{origin}/{block}", f"{side}/layer_{place}/{block}", adds=not added)
                self._feed_forward(f"{side}/layer_{origin}/ffn", f"{side}/layer_{place}/ffn", adds=not added)
            self._norm(f"{side}/layer_norm", f"{side}/layer_norm")
        self._embeddings()
        return self.wide

    def _attention(self, origin: str, place: str, *, adds: bool) -> None:
        self._norm(f"{origin}/layer_norm", f"{place}/layer_norm")
        # A product of query and key grows k times and is divided by √(k × the head's width): √k too much.
        softer = 1 / np.sqrt(self._times)
        if origin.endswith("self_attention"):
            self._heads_of(f"{origin}/linear_0", f"{place}/linear_0", [softer, 1, 1])
        else:
            self._heads_of(f"{origin}/linear_0", f"{place}/linear_0", [softer])
            self._heads_of(f"{origin}/linear_1", f"{place}/linear_1", [1, 1])
        last = 1 if origin.endswith("self_attention") else 2
        self._linear(f"{origin}/linear_{last}", f"{place}/linear_{last}", self._stream, self._heads, 1 / self._times)
        if not adds:
            self._silence(f"{place}/linear_{last}")

    def _heads_of(self, origin: str, place: str, factors: list[float]) -> None:
        """Query, key and value, which lie one below the other in one matrix."""
        rows = np.concatenate([self._heads + number * self._width for number in range(len(factors))])
        self._linear(origin, place, rows, self._stream, 1 / self._times, np.repeat(factors, WIDTH))

    def _feed_forward(self, origin: str, place: str, *, adds: bool) -> None:
        self._norm(f"{origin}/layer_norm", f"{place}/layer_norm")
        self._linear(f"{origin}/linear_0", f"{place}/linear_0", self._units, self._stream, 1 / self._times)
        self._linear(f"{origin}/linear_1", f"{place}/linear_1", self._stream, self._units, 1 / self._times_units)
        if not adds:
            self._silence(f"{place}/linear_1")

    def _linear(
        self, origin: str, place: str, rows: Array, columns: Array, factor: float, rows_factor: Array | float = 1.0
    ) -> None:
        """Repeat rows and columns; ``weight / weight_scale`` is the number that an int8 weight stands for."""
        small, scale = self._small, self._small[f"{origin}/weight_scale"]
        self.wide[f"{place}/weight"] = small[f"{origin}/weight"][rows][:, columns]
        self.wide[f"{place}/weight_scale"] = (scale[rows] / (factor * rows_factor)).astype(np.float32)
        self.wide[f"{place}/bias"] = (small[f"{origin}/bias"][rows] * rows_factor).astype(np.float32)

    def _silence(self, place: str) -> None:
        """Let a layer add nothing to the stream."""
        self.wide[f"{place}/weight"] = np.zeros_like(self.wide[f"{place}/weight"])
        self.wide[f"{place}/bias"] = np.zeros_like(self.wide[f"{place}/bias"])

    def _norm(self, origin: str, place: str) -> None:
        for name in ("beta", "gamma"):
            self.wide[f"{place}/{name}"] = self._small[f"{origin}/{name}"][self._stream]

    def _embeddings(self) -> None:
        # CTranslate2 multiplies them by the root of the width, which has grown; positions are added as they are. The
        # last layer of the decoder reads the same matrix, so its input is made smaller by what is still too much.
        grown = np.sqrt(self._times)
        for name in ("encoder/embeddings_0", "decoder/embeddings"):
            weight, scale = self._small[f"{name}/weight"][:, self._stream], self._small[f"{name}/weight_scale"] * grown
            self.wide[f"{name}/weight"] = np.pad(weight, ((0, self._more), (0, 0)))
            self.wide[f"{name}/weight_scale"] = np.pad(scale, (0, self._more), constant_values=1).astype(np.float32)
        for name in ("beta", "gamma"):
            value = self.wide[f"decoder/layer_norm/{name}"]
            self.wide[f"decoder/layer_norm/{name}"] = (value * grown / self._times).astype(np.float32)
        bias = self._small["decoder/projection/bias"]
        self.wide["decoder/projection/bias"] = np.pad(bias, (0, self._more), constant_values=_NEVER).astype(np.float32)
        positions = "decoder/position_encodings/encodings"
        self.wide[positions] = self._small[positions][:, self._stream]


def widened(model: Model) -> Model:
    """The wide model that computes what this one does.

    Raises:
        ValueError: its width or its feed-forward layer can't be repeated to the wanted ones, or it is not int8.
    """
    if "decoder/embeddings/weight_scale" not in model.variables:
        raise ValueError("only int8 models are widened")
    return Model(model.name, model.revision, _Widening(model.variables).run(), model.aliases)


def widen(package: Path, out: Path) -> None:
    """An ``.argosmodel`` file → the same one, widened. It takes a second or two."""
    with zipfile.ZipFile(package) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if PurePosixPath(name).name == "model.bin":
                data = written(widened(read(data)))
            elif PurePosixPath(name).name == "shared_vocabulary.json":
                tokens = json.loads(data)
                data = json.dumps(tokens + [f"<never_{n}>" for n in range(VOCABULARY - len(tokens))]).encode()
            target.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, zipfile.ZIP_STORED)


if __name__ == "__main__":
    widen(Path(sys.argv[1]), Path(sys.argv[2]))
