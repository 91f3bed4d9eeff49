"""QR codes in pages: an address for the camera of another device.

Drawn here, so that no page needs a script or another origin for it. A page names it for those
who cannot see it, and has the same address beside it as a link and as text.
"""

import segno

_QUIET_ZONE = 4
"""Modules around the code that stay light (ISO/IEC 18004 §9.1)."""


def draw_qr_code(text: str) -> str:
    """An SVG element for a page; dark on light in either colour scheme.

    Args:
        text: What the camera reads. It enters the drawing as modules, never as markup.
    """
    return segno.make(text, error="m", micro=False).svg_inline(
        border=_QUIET_ZONE,
        dark="#000",
        light="#fff",
        svgclass="qr",
        lineclass=None,
        omitsize=True,
    )
