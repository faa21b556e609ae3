"""A model file that CTranslate2 loads with its last layer packed, too.

As CTranslate2 loads a model it packs the weights of each layer the way the processor's matrix units want them; but not
those of the output projection, whose rows a vocabulary map may choose at each call. Argos packages have no such map and
pay for it: at every step of the search 16 MB are packed again (a vocabulary of 32,000), which was a fifth of all time
with a model of the shape of a published one.

The layer is left out by its name, and looks for ``decoder/projection/weight_packed`` before it takes
``decoder/projection/weight``. So the weights are given twice, the second time under a name without “projection” that
is packed, and whose packed form is registered as the one that the layer looks for. That goes through the names of the
first revision of the format, which are rewritten as they are registered: the first ``transformer/`` is taken out, and
``dense`` becomes ``projection``. Whether a reader does so or not, all else stays as it was: without packed weights the
layer takes the plain ones. (CTranslate2 4.8.5: ``map_v1_variable_name`` and ``is_packable`` in
src/models/transformer.cc, ``process_linear_weights`` in src/models/model.cc, ``get_linear_weight`` in
src/layers/common.cc; the format is written down in python/ctranslate2/specs/model_spec.py.)
"""

from __future__ import annotations

import logging
import os
import struct
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pipeline.engines.processor import is_intel

PACK = "SECTIONWIRE_ENGINE_PACK"
"""The variable that says with ``0`` that models are loaded as they are."""

_PROJECTION = "decoder/projection/weight"
# Read, the first “transformer/” goes; packed, the second one, and “dense” stands there.
_SECOND = "transformer/decoder/dentransformer/se/weight"
_REWRITTEN = ("transformer/", ":0", "w_embs", "kernel", "LayerNorm", "dense", "conv1d", "multi_head")
"""What the first revision rewrites in names: no other name may have any of it."""

_FORMATS = range(4, 7)
_REVISIONS = range(3, 8)  # older ones lack values that a reader of the first revision would make up
_FIRST_REVISION = 1
_INT8 = 1

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Variable:
    name: str
    shape: tuple[int, ...]
    kind: int
    place: int  # of its bytes in the file
    size: int


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where things are in a ``model.bin``."""

    format: int
    spec: str
    revision: int
    variables: dict[str, _Variable]
    variables_at: int
    aliases: dict[str, str]
    aliases_at: int
    end: int


@contextmanager
def packable(model: Path) -> Iterator[Path | None]:
    """A folder to load the model from, so that all its layers are packed; it is gone afterwards.

    The copy of ``model.bin`` lies in memory (its size and a quarter), but not in that of this process; everything else
    in the folder is linked. What the loaded model says is the same. A process that is killed meanwhile leaves a few
    links in the temporary folder, and nothing else.

    Args:
        model: the folder that has ``model.bin``.

    Yields:
        The folder; None where packing is not to be had or not wanted: elsewhere than on Linux and an Intel processor,
        for a model with a vocabulary map, without 8-bit weights, or of a format that is not known here, and when
        ``SECTIONWIRE_ENGINE_PACK`` is 0. A damaged file gives None as well: let CTranslate2 say what is wrong with it.
    """
    with ExitStack() as stack:
        try:
            folder = _prepared(model, stack)
        except (OSError, ValueError, struct.error) as error:
            log.info("%s is loaded as it is: %s", model, error)
            folder = None
        yield folder


def _prepared(model: Path, stack: ExitStack) -> Path | None:
    if os.environ.get(PACK) == "0" or not _packs() or (model / "vmap.txt").exists():
        return None
    file = stack.enter_context((model / "model.bin").open("rb"))
    layout = _read(file)
    projection = layout.variables.get(layout.aliases.get(_PROJECTION, _PROJECTION))
    if projection is None or not _suits(layout, projection):
        return None
    copy = os.memfd_create("model.bin")
    stack.callback(os.close, copy)
    _write(file, layout, projection, copy)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sectionwire-model-")))
    for each in model.iterdir():
        (folder / each.name).symlink_to(f"/proc/self/fd/{copy}" if each.name == "model.bin" else each.resolve())
    return folder


def _packs() -> bool:
    """Whether CTranslate2 packs weights here: it does with MKL, which it takes on Intel's processors."""
    return sys.platform == "linux" and is_intel() and os.environ.get("CT2_USE_MKL") != "0"


def _suits(layout: _Layout, projection: _Variable) -> bool:
    names = [*layout.variables, *layout.aliases]
    return (
        layout.format in _FORMATS
        and layout.spec == "TransformerSpec"
        and layout.revision in _REVISIONS
        and projection.kind == _INT8
        and f"{projection.name}_scale" in layout.variables
        and not any(part in name for name in names for part in _REWRITTEN)
    )


def _read(file: BinaryIO) -> _Layout:
    """Where things are; the weights themselves, up to hundreds of MB, are passed over.

    Raises:
        struct.error: the file ends too early.
        ValueError: a name is no text, or ends too early.
    """
    version, spec, revision, count = _number(file, "I"), _name(file), _number(file, "I"), _number(file, "I")
    variables: dict[str, _Variable] = {}
    variables_at = file.tell()
    for _ in range(count):
        name, rank = _name(file), _number(file, "B")
        shape = tuple(_number(file, "I") for _ in range(rank))
        kind, size = _number(file, "B"), _number(file, "I")
        variables[name] = _Variable(name, shape, kind, file.tell(), size)
        file.seek(size, os.SEEK_CUR)
    aliases_at = file.tell()
    aliases = {_name(file): _name(file) for _ in range(_number(file, "I"))}
    return _Layout(version, spec, revision, variables, variables_at, aliases, aliases_at, file.tell())


def _write(file: BinaryIO, layout: _Layout, projection: _Variable, copy: int) -> None:
    """The same variables and two more, as a file of the first revision."""
    head = struct.pack("<I", layout.format) + _named(layout.spec)
    _put(copy, head + struct.pack("<II", _FIRST_REVISION, len(layout.variables) + 2))
    _copy(file, layout.variables_at, layout.aliases_at, copy)
    for suffix in "", "_scale":
        variable = layout.variables[projection.name + suffix]
        shape = struct.pack(f"<B{len(variable.shape)}I", len(variable.shape), *variable.shape)
        _put(copy, _named(_SECOND + suffix) + shape + struct.pack("<BI", variable.kind, variable.size))
        _copy(file, variable.place, variable.place + variable.size, copy)
    _copy(file, layout.aliases_at, layout.end, copy)


def _copy(file: BinaryIO, start: int, end: int, copy: int) -> None:
    while start < end:
        copied = os.sendfile(copy, file.fileno(), start, end - start)
        if not copied:
            raise OSError(f"{file.name} became shorter as it was read")
        start += copied


def _put(copy: int, data: bytes) -> None:
    if os.write(copy, data) != len(data):
        raise OSError("memory is full")


def _number(file: BinaryIO, kind: str) -> int:
    value: int = struct.unpack(f"<{kind}", file.read(struct.calcsize(kind)))[0]
    return value


def _name(file: BinaryIO) -> str:
    length = _number(file, "H")
    data = file.read(length)
    if len(data) != length:
        raise ValueError(f"{file.name} ends within a name")
    return data.rstrip(b"\0").decode("ascii")


def _named(name: str) -> bytes:
    data = name.encode("ascii") + b"\0"
    return struct.pack("<H", len(data)) + data
