"""`madang bench`: how fast the platform answers, measured with wrk against a real server process.

`entities.py` makes what is stored, `scenarios.py` says what is asked, `load/requests.lua` asks it within wrk,
`processes.py` starts the servers and reads their CPU time, `measure.py` runs one load, `run.py` the whole.
"""
