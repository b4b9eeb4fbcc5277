"""The scorecard's page: one self-contained HTML file for a campaign engineer and a data scientist.

No network, no scripts: pictures are JPEG data URIs, plots are inline SVG that follow the reader's
light or dark mode.
"""

from emailimg.report.items import Candidate, Demonstration, GalleryItem, Mistake
from emailimg.report.page import render_report

__all__ = ["Candidate", "Demonstration", "GalleryItem", "Mistake", "render_report"]
