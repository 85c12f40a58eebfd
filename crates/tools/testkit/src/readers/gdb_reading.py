# What gdb makes of a core, as one line of JSON behind "READING ". Run inside gdb; the environment has the ranges of
# memory to read.
import json
import os
import struct

import gdb

REGISTERS = ["rip", "rsp", "rbx", "rbp", "r12", "r13", "r14", "r15"]
COMMANDS = ["info proc", "info auxv", "info signals SIGSEGV", "print $_siginfo", "info files", "bt 8"]


def number(value):
    return int(value.cast(gdb.lookup_type("unsigned long")))


def thread(one):
    one.switch()
    registers = {name: number(gdb.parse_and_eval("$" + name)) for name in REGISTERS}
    halves = [int(gdb.parse_and_eval(f"$xmm6.v2_int64[{i}]")) & (2**64 - 1) for i in range(2)]
    registers["xmm6"] = halves[1] << 64 | halves[0]
    registers = {name: str(value) for name, value in registers.items()}
    return {"tid": one.ptid[1] or one.ptid[0], "name": one.name, "registers": registers}


# From the list of mapped files that the core has.
def modules():
    found = {}
    try:
        text = gdb.execute("info proc mappings", to_string=True)
    except gdb.error:
        return []
    for line in text.splitlines():
        fields = line.split(None, 4)
        if len(fields) == 5 and fields[0].startswith("0x") and fields[3] == "0x0":
            found.setdefault(fields[4], int(fields[0], 16))
    return [{"path": path, "base": base} for path, base in found.items()]


def memory(start, size):
    try:
        return bytes(gdb.selected_inferior().read_memory(start, size)).hex()
    except gdb.MemoryError:
        return None


def shown(command):
    try:
        return gdb.execute(command, to_string=True)
    except gdb.error as error:
        return str(error)


def reading():
    ranges = [part.split(":") for part in os.environ["READER_RANGES"].split()]
    return {
        "threads": [thread(one) for one in gdb.selected_inferior().threads()],
        "modules": modules(),
        "memory": [memory(int(start, 16), int(size, 16)) for start, size in ranges],
        "shown": [shown(command) for command in COMMANDS],
    }


# Names are any bytes; Python keeps those that are no text as surrogates, which JSON's readers refuse.
line = json.dumps(reading(), ensure_ascii=False)
print("READING " + line.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
