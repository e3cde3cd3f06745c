"""Objects to tokens and back, with a reason for everything refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from latentbo.lazy import lazy_exports

if TYPE_CHECKING:
    from latentbo.codecs.base import Codec as Codec
    from latentbo.codecs.base import Reading as Reading
    from latentbo.codecs.image_files import read_images as read_images
    from latentbo.codecs.image_files import write_images as write_images
    from latentbo.codecs.images import ImageCodec as ImageCodec
    from latentbo.codecs.molecules import MoleculeCodec as MoleculeCodec
    from latentbo.codecs.smiles import SmilesCodec as SmilesCodec
    from latentbo.codecs.vocabulary import Vocabulary as Vocabulary

_EXPORTS = {
    "Codec": "base",
    "ImageCodec": "images",
    "MoleculeCodec": "molecules",
    "Reading": "base",
    "SmilesCodec": "smiles",
    "Vocabulary": "vocabulary",
    "read_images": "image_files",
    "write_images": "image_files",
}
__all__ = list(_EXPORTS)
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
