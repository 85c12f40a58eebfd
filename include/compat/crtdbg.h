/* crtdbg.h: assertions. */
#ifndef WER_COMPAT_CRTDBG_H
#define WER_COMPAT_CRTDBG_H

#ifdef _WIN32
#include_next <crtdbg.h>
#else
#include <assert.h>
#define _ASSERT(condition) assert(condition)
#define _ASSERTE(condition) assert(condition)
#define _RPT0(kind, text) ((void)0)
#endif

#endif /* WER_COMPAT_CRTDBG_H */
