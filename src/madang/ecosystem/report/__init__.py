"""A report of an outcome that can be handed in: the same findings, figures and tables as on the pages, as a document.

    document.py   what a document is made of: headings, texts, figures, tables
    sections.py   from an outcome to the document, in the reader's language
    html.py pdf.py odt.py    the document as a file

`making.make` does both for an `order.Order`; it takes seconds, so the pages let a process of its own do it (`child.py`).
"""
