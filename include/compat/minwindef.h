/* minwindef.h: what of it there is stands in windows.h. */
#ifndef WER_COMPAT_MINWINDEF_H
#define WER_COMPAT_MINWINDEF_H

#ifdef _WIN32
#include_next <minwindef.h>
#else
#include "windows.h"
#endif

#endif /* WER_COMPAT_MINWINDEF_H */
