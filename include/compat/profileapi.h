/* profileapi.h: what of it there is stands in windows.h. */
#ifndef WER_COMPAT_PROFILEAPI_H
#define WER_COMPAT_PROFILEAPI_H

#ifdef _WIN32
#include_next <profileapi.h>
#else
#include "windows.h"
#endif

#endif /* WER_COMPAT_PROFILEAPI_H */
