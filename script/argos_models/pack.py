"""Makes an Argos package of what training left: ``python -m argos_models.pack NAME FOLDER OUT.argosmodel``.

Needs numpy and ctranslate2, which come with Sectionwire, and onnx for the sentence splitter.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from ctranslate2.converters import opennmt_py

from .recipes import NAMES, RECIPES, Recipe
from .sentences import splitter

HEADS = 8
README = """# {source} → {target}, a toy

Made by Sectionwire's script/make-argos-models from a grammar of some 160 words. It is a real Argos package for tests
and for the demonstration; it knows only the words of that grammar.
"""


def metadata(recipe: Recipe) -> dict[str, object]:
    """What ``metadata.json`` of the package says."""
    prefix = recipe.targets[recipe.target]
    return {
        "package_version": "1.0",
        "argos_version": "1.9",
        "from_code": recipe.source,
        "from_name": NAMES[recipe.source],
        "to_code": recipe.target,
        "to_name": NAMES[recipe.target],
        **({"target_prefix": prefix} if prefix else {}),
        "links": [],
    }


def convert(weights: Path, vocabulary: list[str], out: Path) -> None:
    """Weights under OpenNMT-py's names → an int8 model folder for CTranslate2."""
    values = {name: value.copy() for name, value in np.load(weights).items()}  # quantising writes into the arrays
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


def archive(members: dict[str, bytes], top: str, out: Path) -> None:
    """Write a package; without the time of day, so that the same members make the same file."""
    with zipfile.ZipFile(out, "w") as file:
        for name, data in members.items():
            entry = zipfile.ZipInfo(f"{top}/{name}", (2026, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            file.writestr(entry, data, zipfile.ZIP_DEFLATED, 9)


def pack(name: str, folder: Path, out: Path) -> None:
    """Write the package: metadata, read-me, model, tokenizer and sentence splitter in one zip."""
    recipe = RECIPES[name]
    vocabulary = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as temporary:
        model = Path(temporary)
        convert(folder / "weights.npz", vocabulary, model)
        parts = {f"model/{file.name}": file.read_bytes() for file in sorted(model.iterdir())}
    readme = README.format(source=NAMES[recipe.source], target=NAMES[recipe.target])
    members = {
        "metadata.json": json.dumps(metadata(recipe), indent=1).encode(),
        "README.md": readme.encode(),
        **parts,
        recipe.tokenizer: (folder / recipe.tokenizer).read_bytes(),
        f"minisbd/{recipe.source}.onnx": splitter(recipe.source),
    }
    archive(members, f"translate-{name}-1_0", out)


if __name__ == "__main__":
    pack(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
