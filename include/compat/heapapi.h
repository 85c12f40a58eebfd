/* heapapi.h: what of it there is stands in windows.h. */
#ifndef WER_COMPAT_HEAPAPI_H
#define WER_COMPAT_HEAPAPI_H

#ifdef _WIN32
#include_next <heapapi.h>
#else
#include "windows.h"
#endif

#endif /* WER_COMPAT_HEAPAPI_H */
