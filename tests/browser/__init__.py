"""Tests of the page in a real browser; a package, so that one service and one browser serve all."""
