/* What the process that modules are asked about has at the address that it gives them. */
#ifndef TARGET_H
#define TARGET_H

#include <stddef.h>
#include <wer_winbase.h>
#include <werapi.h>

#define EXPORT WER_VISIBLE
typedef struct {
    int Version;
    WCHAR Status[256];
    /* Not set, and set. */
    HANDLE Event, SetEvent;
    LONG Written;
} TARGET;

#endif
