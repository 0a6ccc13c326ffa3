"""What a label says and how it is drawn; pure. One description gives ZPL, TSPL and the preview.

gs1: numbers and element strings; symbols: barcodes; fonts: text; marks: hazard and conformity marks; layout: millimetres to dots;
templates: the labels; languages: ZPL and TSPL; carrier: labels that arrive finished.
"""

from collections.abc import Mapping
from typing import Any

from wms.foundation.labels.rules import languages, templates
from wms.foundation.labels.rules.gs1 import check_digit as gs1_check_digit
from wms.foundation.labels.rules.gs1 import sscc
from wms.foundation.labels.rules.layout import Media

__all__ = ["Media", "gs1_check_digit", "render", "sscc"]


def render(kind: str, data: Mapping[str, Any], media: Media | None = None) -> str:
    """ZPL of one label. Errors: UnknownTemplate, MediaMismatch, BadLabelData, CannotDraw, CannotEncode, DoesNotFit."""
    loaded = media or Media()
    return languages.zpl(templates.build(kind, data, loaded), loaded)
