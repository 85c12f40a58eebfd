/*
 * errorrep.h: what is left of the interface before werapi.h. Link with -lwer. ReportFault is not there yet.
 */
#ifndef ERRORREP_H
#define ERRORREP_H

#ifndef _WIN32

#include "wer_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * No more reports of programs with this file name, for all users: WerAddExcludedApplication(name, TRUE). The name is UTF-8
 * here, of at most 259 bytes. FALSE after an error, which GetLastError has: ERROR_INVALID_PARAMETER,
 * ERROR_ACCESS_DENIED, the Win32 code of what WerAddExcludedApplication answers, or ERROR_GEN_FAILURE.
 */
BOOL WINAPI AddERExcludedApplicationA(LPCSTR szApplication);
/* The same in UTF-16. */
BOOL WINAPI AddERExcludedApplicationW(LPCWSTR wszApplication);

#ifdef UNICODE
#define AddERExcludedApplication AddERExcludedApplicationW
#else
#define AddERExcludedApplication AddERExcludedApplicationA
#endif

#ifdef __cplusplus
}
#endif

#else
#include_next <errorrep.h>
#endif /* !_WIN32 */

#endif /* ERRORREP_H */
