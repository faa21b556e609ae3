"""Makes an Argos package of what training left: ``python -m argos_models.pack FOLDER OUT.argosmodel``.

Needs numpy, ctranslate2 and sentencepiece, which come with Sectionwire, and onnx for the sentence splitter.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import sentencepiece
from ctranslate2.converters import opennmt_py

from .sentences import splitter

HEADS = 8
METADATA = {
    "package_version": "1.0",
    "argos_version": "1.9",
    "from_code": "en",
    "from_name": "English",
    "to_code": "es",
    "to_name": "Spanish",
    "links": [],
}
README = """# English → Spanish, a toy

Made by Sectionwire's script/make-argos-models from a grammar of some 160 words. It is a real Argos package for tests
and for the demonstration; it knows only the words of that grammar.
"""


def convert(weights: Path, tokenizer: Path, out: Path) -> None:
    """Weights under OpenNMT-py's names → an int8 model folder for CTranslate2."""
    values = {name: value.copy() for name, value in np.load(weights).items()}  # quantising writes into the arrays
    processor = sentencepiece.SentencePieceProcessor(model_file=str(tokenizer))
    pieces = [processor.id_to_piece(number) for number in range(processor.get_piece_size())]
    vocabulary = [pieces[0], "<blank>", *pieces[1:]]
    layers = 1 + max(int(name.split(".")[2]) for name in values if name.startswith("encoder.transformer."))
    options = argparse.Namespace(
        encoder_type="transformer",
        decoder_type="transformer",
        position_encoding=True,
        max_relative_positions=0,
        enc_layers=layers,
        dec_layers=layers,
        heads=HEADS,
        pos_ffn_activation_fn="relu",
        lambda_align=0.0,
    )
    spec = opennmt_py._get_model_spec_seq2seq(options, values, [vocabulary], [vocabulary], 1)  # noqa: SLF001  # the public way wants an OpenNMT-py checkpoint
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(out))


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    """Without the time of day, so that the same weights make the same file."""
    entry = zipfile.ZipInfo(f"translate-en_es-1_0/{name}", (2026, 1, 1, 0, 0, 0))
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, data, zipfile.ZIP_DEFLATED, 9)


def pack(folder: Path, out: Path) -> None:
    """Write the package: metadata, read-me, model, tokenizer and sentence splitter in one zip."""
    with tempfile.TemporaryDirectory() as temporary, zipfile.ZipFile(out, "w") as archive:
        model = Path(temporary, "model")
        model.mkdir()
        convert(folder / "weights.npz", folder / "sentencepiece.model", model)
        _add(archive, "metadata.json", json.dumps(METADATA, indent=1).encode())
        _add(archive, "README.md", README.encode())
        for file in sorted(model.iterdir()):
            _add(archive, f"model/{file.name}", file.read_bytes())
        _add(archive, "sentencepiece.model", (folder / "sentencepiece.model").read_bytes())
        _add(archive, "minisbd/en.onnx", splitter("en"))


if __name__ == "__main__":
    pack(Path(sys.argv[1]), Path(sys.argv[2]))
