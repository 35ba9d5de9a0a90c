"""Figures as SVG: pure functions from words and numbers to text, the same for pages and for reports.

    palette.py   how a colour and a style are written: by name on pages, as numbers in files
    canvas.py    the elements of a drawing
    radar.py sankey.py treemap.py interval.py share.py lines.py bars.py points.py   one figure each

A figure knows nothing of an outcome or of languages: `telling/` says what stands in it. Each is laid out anew for a narrow
screen, and each has a table beside it, which whoever shows it must not leave out.
"""
