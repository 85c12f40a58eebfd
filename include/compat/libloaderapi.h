/* libloaderapi.h: what of it there is stands in windows.h. */
#ifndef WER_COMPAT_LIBLOADERAPI_H
#define WER_COMPAT_LIBLOADERAPI_H

#ifdef _WIN32
#include_next <libloaderapi.h>
#else
#include "windows.h"
#endif

#endif /* WER_COMPAT_LIBLOADERAPI_H */
