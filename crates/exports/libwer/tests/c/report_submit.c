/* Submitting reports: results, limits, answers. Valid C11 and C++17, with 16- and 32-bit wchar_t. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <werapi.h>

#include "expect.h"

#define PUT(field, text) memcpy(field, W(text), sizeof(W(text)))

static HREPORT made(void)
{
    HREPORT report = NULL;
    WER_REPORT_INFORMATION information;
    memset(&information, 0, sizeof(information));
    information.dwSize = sizeof(information);
    PUT(information.wzFriendlyEventName, "Told by itself");
    EXPECT(WerReportCreate(W("OwnEvent"), WerReportNonCritical, &information, &report), S_OK);
    EXPECT(WerReportSetParameter(report, WER_P0, W("First"), W("one")), S_OK);
    return report;
}

/* A report that says all that can be said, in the structure of one version. */
static void says_all(DWORD size)
{
    HREPORT report = NULL;
    WER_REPORT_INFORMATION_V5 information;
    WER_SUBMIT_RESULT result = WerSubmitResultMax;
    int text;
    memset(&information, 0, sizeof(information));
    information.dwSize = size;
    information.hwndParent = (HWND)(LONG_PTR)0x1234;
    PUT(information.wzConsentKey, "OwnKey");
    PUT(information.wzFriendlyEventName, "Friendly \u00e9vent");
    PUT(information.wzApplicationName, "Own Name");
    PUT(information.wzApplicationPath, "/own/path");
    PUT(information.wzDescription, "Two\nlines");
    PUT(information.wzNamespacePartner, "partner");
    PUT(information.wzNamespaceGroup, "group");
    memset(information.rgbApplicationIdentity, 0xA5, sizeof(information.rgbApplicationIdentity));
    information.submitResultMax = WerSubmitResultMax;
    EXPECT(WerReportCreate(W("OwnEvent"), WerReportCritical, (PWER_REPORT_INFORMATION)&information, &report), S_OK);
    for (text = WerUIAdditionalDataDlgHeader; text < WerUIMax; text++) {
        WCHAR value[2];
        value[0] = (WCHAR)('a' + text);
        value[1] = 0;
        EXPECT(WerReportSetUIOption(report, (WER_REPORT_UI)text, value), S_OK);
    }
    EXPECT(WerReportSubmit(report, WerConsentNotAsked, WER_SUBMIT_QUEUE, &result), S_OK);
    EXPECT((HRESULT)result, WerReportQueued);
    EXPECT(WerReportCloseHandle(report), S_OK);
}

int main(int argc, char **argv)
{
    HREPORT report = made();
    WER_SUBMIT_RESULT result = WerSubmitResultMax;

    if (argc > 1 && strcmp(argv[1], "alone") == 0) {
        printf("0x%08X\n", (unsigned)WerReportSubmit(report, WerConsentNotAsked, 0, &result));
        return result != WerSubmitResultMax;
    }
    if (argc > 1 && strncmp(argv[1], "says-", 5) == 0) {
        says_all((DWORD)strtoul(argv[1] + 5, NULL, 10));
        return failures != 0;
    }
    if (argc > 1 && strcmp(argv[1], "leaves") == 0) {
        EXPECT(WerReportSubmit(report, WerConsentNotAsked, WER_SUBMIT_OUTOFPROCESS_ASYNC, &result), S_OK);
        EXPECT((HRESULT)result, WerReportAsync);
        /* At once: nothing of this process is left to be looked at. */
        _exit(failures != 0);
    }
    EXPECT(WerReportSubmit(NULL, WerConsentNotAsked, 0, &result), E_HANDLE);
    EXPECT(WerReportSubmit(report, (WER_CONSENT)0, 0, &result), E_INVALIDARG);
    EXPECT(WerReportSubmit(report, WerConsentMax, 0, &result), E_INVALIDARG);
    EXPECT(WerReportSubmit(report, WerConsentNotAsked, 0x10000, &result), E_INVALIDARG);
    EXPECT(WerReportSetParameter(report, WER_P2, NULL, W("three")), S_OK);
    EXPECT(WerReportSubmit(report, WerConsentNotAsked, 0, &result), E_INVALIDARG);
    EXPECT((HRESULT)result, WerSubmitResultMax);
    EXPECT(WerReportSetParameter(report, WER_P1, NULL, W("two")), S_OK);
    EXPECT(WerReportAddFile(report, W("/etc/passwd"), WerFileTypeOther, 0), S_OK);
    EXPECT(WerReportSubmit(report, WerConsentNotAsked, WER_SUBMIT_QUEUE, &result), S_OK);
    EXPECT((HRESULT)result, WerReportQueued);
    EXPECT(WerReportSubmit(report, WerConsentNotAsked, WER_SUBMIT_QUEUE | WER_SUBMIT_OUTOFPROCESS, NULL), S_OK);
    EXPECT(WerReportCloseHandle(report), S_OK);
    EXPECT(WerReportSubmit(report, WerConsentNotAsked, 0, &result), E_HANDLE);
    return failures != 0;
}
