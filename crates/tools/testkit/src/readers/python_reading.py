# What Python's package "minidump" makes of a dump, as one line of JSON behind "READING ". The environment has the
# ranges of memory to read.
import json
import logging
import os
import sys

from minidump.minidumpfile import MinidumpFile

logging.disable(logging.CRITICAL)

REGISTERS = ["Rip", "Rsp", "Rbx", "Rbp", "R12", "R13", "R14", "R15"]
# The file itself and its directory: there whether a stream is understood or not.
NOT_READ = ["filename", "file_handle", "header", "directories"]

def thread(one):
    context = one.ContextObject
    registers = {name.lower(): getattr(context, name) for name in REGISTERS} if context else {}
    registers = {name: str(value) for name, value in registers.items()}
    return {"tid": one.ThreadId, "name": None, "registers": registers}


# Numbers and texts in the order in which the package has them, however deep.
def shown(value, depth=0):
    if value is None or isinstance(value, (int, str, bytes)):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [shown(one, depth + 1) for one in value]
    if depth > 6 or not hasattr(value, "__dict__"):
        return type(value).__name__
    return {name: shown(one, depth + 1) for name, one in vars(value).items()}


def memory(reader, start, size):
    try:
        got = reader.read(start, size)
    except Exception:
        return None
    return got.hex() if got is not None and len(got) == size else None


def reading(file):
    ranges = [part.split(":") for part in os.environ["READER_RANGES"].split()]
    threads = file.threads.threads if file.threads else []
    modules = file.modules.modules if file.modules else []
    has_memory = file.memory_segments or file.memory_segments_64
    reader = file.get_reader() if has_memory else None
    return {
        "threads": [thread(one) for one in threads],
        "modules": [{"path": one.name, "base": one.baseaddress} for one in modules],
        "memory": [memory(reader, int(start, 16), int(size, 16)) if reader else None for start, size in ranges],
        "all": {name: shown(value) for name, value in vars(file).items() if name not in NOT_READ},
    }


# Names are any bytes; Python keeps those that are no text as surrogates, which JSON's readers refuse.
line = json.dumps(reading(MinidumpFile.parse(sys.argv[1])), ensure_ascii=False)
print("READING " + line.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
