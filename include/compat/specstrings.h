/* specstrings.h: what of it there is stands in windows.h. */
#ifndef WER_COMPAT_SPECSTRINGS_H
#define WER_COMPAT_SPECSTRINGS_H

#ifdef _WIN32
#include_next <specstrings.h>
#else
#include "windows.h"
#endif

#endif /* WER_COMPAT_SPECSTRINGS_H */
