/* What a module sees, declared without the project's own headers, so that a wrong layout cannot be wrong twice. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

typedef uint16_t WCHAR;
typedef uint32_t DWORD;
typedef int32_t BOOL;
typedef int32_t HRESULT;

typedef struct {
  DWORD ExceptionCode, ExceptionFlags;
  void *ExceptionRecord, *ExceptionAddress;
  DWORD NumberParameters;
  uint64_t ExceptionInformation[15];
} EXCEPTION_RECORD;

typedef struct {
  DWORD dwSize;
  uintptr_t hProcess, hThread;
  EXCEPTION_RECORD exceptionRecord;
  _Alignas(16) unsigned char context[1232];
  const WCHAR *pwszReportId;
  BOOL bIsFatal;
  DWORD dwReserved;
} INFORMATION;

#define EVENT                                                                                                  \
  HRESULT OutOfProcessExceptionEventCallback(void *context, INFORMATION *info, BOOL *claimed, WCHAR *name,     \
                                             DWORD *size, DWORD *count)
#define SIGNATURE                                                                                              \
  HRESULT OutOfProcessExceptionEventSignatureCallback(void *context, INFORMATION *info, DWORD index,           \
                                                      WCHAR *name, DWORD *name_size, WCHAR *value,             \
                                                      DWORD *value_size)
#define DEBUGGER                                                                                               \
  HRESULT OutOfProcessExceptionEventDebuggerLaunchCallback(void *context, INFORMATION *info, BOOL *custom,     \
                                                           WCHAR *launch, DWORD *size, BOOL *autolaunch)
#define NO_SIGNATURE SIGNATURE { return 0; }
#define NO_DEBUGGER DEBUGGER { *custom = 0; return 0; }

#define E_FAIL ((HRESULT)0x80004005)
#define NEEDS_MORE ((HRESULT)0x8007007A)

static DWORD put(WCHAR *to, const char *text) {
  DWORD length = 0;
  do to[length] = (unsigned char)text[length];
  while (text[length++]);
  return length;
}

/* A claim of one pair whose value is what `finding` left here. */
static char finding[200];
#define FINDS(...)                                                                                             \
  EVENT { { __VA_ARGS__ } *claimed = 1; *size = put(name, "Finding"); *count = 1; return 0; }                         \
  SIGNATURE { *name_size = put(name, "finding"); *value_size = put(value, finding); return 0; }                \
  NO_DEBUGGER
