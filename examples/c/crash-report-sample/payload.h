/* What the application and its handler module share: the module reads it from the crashed process. */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#include "wer_winbase.h"

#define STATUS_CHARACTERS 256

typedef struct Payload {
    int Version;
    WCHAR Status[STATUS_CHARACTERS];
} Payload;

#endif
