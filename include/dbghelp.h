/*
 * dbghelp.h: the part of it that is about minidumps, for sources that include it by this name. On Windows it is the
 * system's own header.
 */
#ifndef WER_DBGHELP_H
#define WER_DBGHELP_H

#ifdef _WIN32
#include_next <dbghelp.h>
#else
#include "wer_winbase.h"
#include "minidumpapiset.h"
#endif

#endif /* WER_DBGHELP_H */
