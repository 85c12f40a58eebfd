/* wchar.h: in C, with the wide functions of wer_wide.h in the place of the C library's. C++ has them of windows.h. */
#pragma GCC system_header
#include_next <wchar.h>
#if !defined(_WIN32) && !defined(__cplusplus) && __SIZEOF_WCHAR_T__ == 2
#include "wer_wide.h"
#endif
