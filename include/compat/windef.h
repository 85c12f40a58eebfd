/* windef.h: what of it there is stands in windows.h. */
#ifndef WER_COMPAT_WINDEF_H
#define WER_COMPAT_WINDEF_H

#ifdef _WIN32
#include_next <windef.h>
#else
#include "windows.h"
#endif

#endif /* WER_COMPAT_WINDEF_H */
