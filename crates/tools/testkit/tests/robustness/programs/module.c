/* A handler module that behaves as BEHAVIOUR says. */
#include <stdlib.h>
#include <unistd.h>

#include <werapi.h>

#define CLAIMS 1
#define CRASHES 2
#define HANGS 3
#define LEAVES 4
#define LIES 5

static DWORD put(PWSTR to, const char *text) {
    DWORD length = 0;
    do to[length] = (unsigned char)text[length];
    while (text[length++]);
    return length;
}

WER_VISIBLE HRESULT OutOfProcessExceptionEventCallback(PVOID context,
                                                       const PWER_RUNTIME_EXCEPTION_INFORMATION information,
                                                       BOOL *claimed, PWSTR name, PDWORD size, PDWORD count) {
    (void)context, (void)information;
    *claimed = TRUE;
    *count = 1;
    *size = put(name, "Robust event");
#if BEHAVIOUR == CRASHES
    *(volatile int *)0 = 1;
#elif BEHAVIOUR == HANGS
    for (;;) pause();
#elif BEHAVIOUR == LEAVES
    exit(3);
#elif BEHAVIOUR == LIES
    *size = 0xFFFFFFFF;
#endif
    return S_OK;
}

WER_VISIBLE HRESULT OutOfProcessExceptionEventSignatureCallback(
    PVOID context, const PWER_RUNTIME_EXCEPTION_INFORMATION information, DWORD index, PWSTR name, PDWORD name_size,
    PWSTR value, PDWORD value_size) {
    (void)context, (void)information, (void)index;
    *name_size = put(name, "Answer");
    *value_size = put(value, "42");
    return S_OK;
}

WER_VISIBLE HRESULT OutOfProcessExceptionEventDebuggerLaunchCallback(
    PVOID context, const PWER_RUNTIME_EXCEPTION_INFORMATION information, PBOOL custom, PWSTR launch, PDWORD size,
    PBOOL automatic) {
    (void)context, (void)information, (void)launch, (void)size;
    *custom = *automatic = FALSE;
    return S_OK;
}
