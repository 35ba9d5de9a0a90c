"""What an outcome says, in the reader's words: the same findings, tables and figures for pages, reports and exports.

    shown.py       one thing that is shown: its finding, its table, its drawing, where it comes from
    names.py       what components, flows, classes and evidence are called
    verdict.py components.py flows.py activity.py lacks.py industry.py strategies.py    what each part of an outcome says
    exports.py     every table as a file

Words stand in `messages/`. Nothing here reads or computes; `figures/` draws.
"""
