/*
 * Submits one report as its argument says, "CONSENT:FLAGS:TIMES[:FILE TYPE:PATH]...", and prints the results. It has
 * registered a file, REGISTERED in its environment. Valid C11 and C++17, with 16- and 32-bit wchar_t.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <werapi.h>

#if __SIZEOF_WCHAR_T__ == 2
#define W(text) L##text
#else
#define W(text) u##text
#endif

static PCWSTR wide(const char *text)
{
    static WCHAR units[512];
    size_t i;
    for (i = 0; i + 1 < sizeof(units) / sizeof(*units) && text[i] != 0; i++)
        units[i] = (WCHAR)(unsigned char)text[i];
    units[i] = 0;
    return units;
}

int main(int argc, char **argv)
{
    HREPORT report = NULL;
    unsigned long consent, flags, times;
    char *word = argc > 1 ? strtok(argv[1], ":") : NULL;
    int failures = 0;

    if (word == NULL)
        return 2;
    consent = strtoul(word, NULL, 0);
    word = strtok(NULL, ":");
    flags = word == NULL ? 0 : strtoul(word, NULL, 0);
    word = strtok(NULL, ":");
    times = word == NULL ? 1 : strtoul(word, NULL, 0);
    if (getenv("REGISTERED") != NULL)
        failures += WerRegisterFile(wide(getenv("REGISTERED")), WerRegFileTypeOther, WER_FILE_ANONYMOUS_DATA) != S_OK;
    failures += WerRegisterCustomMetadata(W("channel"), W("beta")) != S_OK;
    failures += WerReportCreate(W("FlagEvent"), WerReportNonCritical, NULL, &report) != S_OK;
    failures += WerReportSetParameter(report, WER_P0, NULL, W("value")) != S_OK;
    while ((word = strtok(NULL, ":")) != NULL) {
        char *path = strtok(NULL, ":");
        DWORD file_flags = strstr(path, "deleted") != NULL ? WER_FILE_DELETE_WHEN_DONE : 0;
        failures += WerReportAddFile(report, wide(path), (WER_FILE_TYPE)atoi(word), file_flags) != S_OK;
    }
    for (; times > 0; times--) {
        WER_SUBMIT_RESULT result = WerSubmitResultMax;
        HRESULT submitted = WerReportSubmit(report, (WER_CONSENT)consent, (DWORD)flags, &result);
        if (submitted != S_OK)
            printf("0x%08X ", (unsigned)submitted);
        printf("%d ", (int)result);
    }
    failures += WerReportCloseHandle(report) != S_OK;
    return failures != 0;
}
