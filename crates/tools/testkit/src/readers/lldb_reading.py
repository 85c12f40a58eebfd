# What lldb makes of a dump or a core, as one line of JSON behind "READING ". Run inside lldb; the environment has the
# ranges of memory to read.
import json
import os

import lldb

REGISTERS = ["rip", "rsp", "rbx", "rbp", "r12", "r13", "r14", "r15"]


def thread(one):
    frame = one.GetFrameAtIndex(0)
    registers = {name: frame.FindRegister(name).GetValueAsUnsigned() for name in REGISTERS}
    xmm6 = frame.FindRegister("xmm6").GetData()
    error = lldb.SBError()
    raw = xmm6.ReadRawData(error, 0, 16) if xmm6.GetByteSize() >= 16 else None
    if raw:
        registers["xmm6"] = int.from_bytes(raw, "little")
    registers = {name: str(value) for name, value in registers.items()}
    return {
        "tid": one.GetThreadID(),
        "name": one.GetName(),
        "registers": registers,
        "stopped by": one.GetStopDescription(200),
        "frames": [frame.GetPC() for frame in one][:32],
    }


def module(one, target):
    file = one.GetFileSpec()
    base = one.GetObjectFileHeaderAddress().GetLoadAddress(target)
    return {"path": f"{file.GetDirectory() or ''}/{file.GetFilename() or ''}", "base": base}


def regions(process):
    all = process.GetMemoryRegions()
    one = lldb.SBMemoryRegionInfo()
    for i in range(all.GetSize()):
        if all.GetMemoryRegionAtIndex(i, one):
            access = (one.IsReadable(), one.IsWritable(), one.IsExecutable())
            yield [one.GetRegionBase(), one.GetRegionEnd(), access, one.GetName()]


def memory(process, start, size):
    error = lldb.SBError()
    got = process.ReadMemory(start, size, error)
    return got.hex() if error.Success() and len(got) == size else None


def reading():
    target = lldb.debugger.GetSelectedTarget()
    process = target.GetProcess()
    ranges = [part.split(":") for part in os.environ["READER_RANGES"].split()]
    return {
        "threads": [thread(one) for one in process],
        "modules": [module(one, target) for one in target.module_iter()],
        "memory": [memory(process, int(start, 16), int(size, 16)) for start, size in ranges],
        "pid": process.GetProcessID(),
        "triple": target.GetTriple(),
        "regions": list(regions(process)),
    }


# Names are any bytes; Python keeps those that are no text as surrogates, which JSON's readers refuse.
line = json.dumps(reading(), ensure_ascii=False)
print("READING " + line.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
