"""The demonstration city Gaon (가온시): made from a seed as files that any city could have, and kept alive.

`generate.generate` writes the files and their city file; `following.keep_alive` goes on writing readings, and is light
enough to run beside a server.
"""
