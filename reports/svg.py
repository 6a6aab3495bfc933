"""A figure as markup inside a page: its colours follow the page's, and its names are its own."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from calibench.reports.figures import COLOURS, style


def inline_svg(figure: Figure, prefix: str, description: str) -> str:
    """An `<svg>` element for an HTML page: text stays text in the page's font, colours are the page's CSS variables.

    Args:
        figure: drawn with `COLOURS`.
        prefix: makes the element's ids unique within the page.
        description: what a screen reader says.
    """
    with style():
        if layout := figure.get_layout_engine():  # here, as `savefig` would first draw the whole figure for it
            FigureCanvasSVG(figure)
            layout.execute(figure)
            figure.set_layout_engine(None)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    root = ElementTree.fromstring(buffer.getvalue())
    for parent in root.iter():
        for child in list(parent):
            if child.tag.endswith(("}metadata", "}style")):
                parent.remove(child)
    for element in root.iter():
        _adopt(element, prefix)
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    root.attrib |= {"role": "img", "aria-label": description}
    return ElementTree.tostring(root, encoding="unicode")


def _adopt(element: ElementTree.Element, prefix: str) -> None:
    """Strips namespaces, which HTML does not need, and rewrites ids, colours and fonts."""
    element.tag = element.tag.rpartition("}")[2]
    element.tail = None
    attributes = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
    element.attrib.clear()
    for key, value in attributes.items():
        if key == "id":
            value = f"{prefix}-{value}"
        elif key == "href":
            value = f"#{prefix}-{value[1:]}"
        elif key == "clip-path":
            value = value.replace("url(#", f"url(#{prefix}-")
        elif key == "style":
            value = re.sub(r"font-family:[^;]*;?\s*", "", value)
            for role, colour in COLOURS.items():
                value = value.replace(colour, f"var(--{role})")
        element.set(key, value)
