"""Publish: a page's bytes, its address, and the outputs that take it.

A :class:`Renderer` makes the bytes, :mod:`~pipeline.stages.publish.site` says where a page stands,
:func:`make_slug` gives an article the last word of its address, and an output from
:func:`~pipeline.stages.publish.outputs.open_output` puts it there.
"""

from pipeline.stages.publish.render import Renderer, SiteContext
from pipeline.stages.publish.slug import make as make_slug

__all__ = ["Renderer", "SiteContext", "make_slug"]
