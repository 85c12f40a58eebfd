/* Building reports: layouts, limits, answers, handles. Valid C11 and C++17, with 16- and 32-bit wchar_t. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <werapi.h>

#include "expect.h"

#define OFFSET(type, field, wanted) expect((HRESULT)offsetof(type, field), (wanted), __LINE__)

/* A text of so many units. */
static PCWSTR units(int count)
{
    static WCHAR text[4096];
    int i;
    for (i = 0; i < count; i++)
        text[i] = 'x';
    text[count] = 0;
    return text;
}

static HREPORT made_up(LONG_PTR value)
{
    return (HREPORT)value;
}

static void layouts(void)
{
    OFFSET(WER_REPORT_INFORMATION, hProcess, 8);
    OFFSET(WER_REPORT_INFORMATION, wzConsentKey, 16);
    OFFSET(WER_REPORT_INFORMATION, wzFriendlyEventName, 144);
    OFFSET(WER_REPORT_INFORMATION, wzApplicationName, 400);
    OFFSET(WER_REPORT_INFORMATION, wzApplicationPath, 656);
    OFFSET(WER_REPORT_INFORMATION, wzDescription, 1176);
    OFFSET(WER_REPORT_INFORMATION, hwndParent, 2200);
    OFFSET(WER_REPORT_INFORMATION_V3, wzNamespacePartner, 2208);
    OFFSET(WER_REPORT_INFORMATION_V3, wzNamespaceGroup, 2336);
    OFFSET(WER_REPORT_INFORMATION_V4, rgbApplicationIdentity, 2464);
    OFFSET(WER_REPORT_INFORMATION_V4, hSnapshot, 2480);
    OFFSET(WER_REPORT_INFORMATION_V4, hDeleteFilesImpersonationToken, 2488);
    OFFSET(WER_REPORT_INFORMATION_V5, submitResultMax, 2496);
}

static void creation(void)
{
    static const DWORD sizes[] = {2208, 2464, 2496, 2504};
    static const DWORD wrong[] = {0, 1, 2200, 2209, 2505, 0xFFFFFFFF};
    static const WCHAR unpaired[] = {0xD800, 0};
    WER_REPORT_INFORMATION_V5 information;
    HREPORT report = made_up(1);
    size_t i;

    EXPECT(WerReportCreate(NULL, WerReportNonCritical, NULL, &report), E_INVALIDARG);
    EXPECT(report == NULL, 1);
    EXPECT(WerReportCreate(W(""), WerReportNonCritical, NULL, &report), E_INVALIDARG);
    EXPECT(WerReportCreate(W("Event"), WerReportNonCritical, NULL, NULL), E_INVALIDARG);
    EXPECT(WerReportCreate(unpaired, WerReportNonCritical, NULL, &report), E_INVALIDARG);
    EXPECT(WerReportCreate(units(65), WerReportNonCritical, NULL, &report), WER_E_LENGTH_EXCEEDED);
    EXPECT(WerReportCreate(units(64), WerReportNonCritical, NULL, &report), S_OK);
    EXPECT(WerReportCloseHandle(report), S_OK);
    EXPECT(WerReportCreate(W("Event"), (WER_REPORT_TYPE)6, NULL, &report), S_OK);
    EXPECT(WerReportCloseHandle(report), S_OK);

    memset(&information, 0, sizeof(information));
    for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        information.dwSize = sizes[i];
        EXPECT(WerReportCreate(W("Event"), WerReportCritical, (PWER_REPORT_INFORMATION)&information, &report), S_OK);
        EXPECT(WerReportCloseHandle(report), S_OK);
    }
    for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        information.dwSize = wrong[i];
        EXPECT(WerReportCreate(W("Event"), WerReportCritical, (PWER_REPORT_INFORMATION)&information, &report),
               E_INVALIDARG);
    }
    /* A text without a terminator: in a field of the version it counts, behind it nothing is read. */
    memset(information.wzNamespaceGroup, 0x41, sizeof(information.wzNamespaceGroup));
    information.dwSize = 2464;
    EXPECT(WerReportCreate(W("Event"), WerReportCritical, (PWER_REPORT_INFORMATION)&information, &report), E_INVALIDARG);
    information.dwSize = 2208;
    EXPECT(WerReportCreate(W("Event"), WerReportCritical, (PWER_REPORT_INFORMATION)&information, &report), S_OK);
    EXPECT(WerReportCloseHandle(report), S_OK);
}

static void contents(PCWSTR file)
{
    HREPORT report = NULL;
    DWORD i;

    EXPECT(WerReportCreate(W("Event"), WerReportNonCritical, NULL, &report), S_OK);
    for (i = WER_P0; i <= WER_P9; i++)
        EXPECT(WerReportSetParameter(report, i, NULL, W("value")), S_OK);
    EXPECT(WerReportSetParameter(report, 10, NULL, W("value")), E_INVALIDARG);
    EXPECT(WerReportSetParameter(report, 0xFFFFFFFF, NULL, W("value")), E_INVALIDARG);
    EXPECT(WerReportSetParameter(report, WER_P0, W("Name"), NULL), E_INVALIDARG);
    EXPECT(WerReportSetParameter(report, WER_P0, units(128), W("")), S_OK);
    EXPECT(WerReportSetParameter(report, WER_P0, units(129), W("")), WER_E_LENGTH_EXCEEDED);
    EXPECT(WerReportSetParameter(report, WER_P0, NULL, units(259)), S_OK);
    EXPECT(WerReportSetParameter(report, WER_P0, NULL, units(260)), WER_E_LENGTH_EXCEEDED);

    EXPECT(WerReportAddFile(report, file, WerFileTypeOther, WER_FILE_ANONYMOUS_DATA), S_OK);
    EXPECT(WerReportAddFile(report, file, WerFileTypeUserDocument, 0xFFFF0001), S_OK);
    EXPECT(WerReportAddFile(report, file, WerFileTypeOther, 0x8), E_INVALIDARG);
    EXPECT(WerReportAddFile(report, file, (WER_FILE_TYPE)0, 0), E_INVALIDARG);
    EXPECT(WerReportAddFile(report, file, WerFileTypeMax, 0), E_INVALIDARG);
    EXPECT(WerReportAddFile(report, NULL, WerFileTypeOther, 0), E_INVALIDARG);
    EXPECT(WerReportAddFile(report, W("relative"), WerFileTypeOther, 0), E_INVALIDARG);
    EXPECT(WerReportAddFile(report, W("/"), WerFileTypeOther, 0), E_INVALIDARG);
    EXPECT(WerReportAddFile(report, W("%WER_WERFAULT%"), WerFileTypeOther, 0), S_OK);
    EXPECT(WerReportAddFile(report, W("%NO_SUCH_VARIABLE%/x"), WerFileTypeOther, 0), E_INVALIDARG);
    EXPECT(WerReportAddFile(report, W("/no%WER_WERFAULT"), WerFileTypeOther, 0),
           HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND));
    EXPECT(WerReportAddFile(report, W("/no/such/file"), WerFileTypeOther, 0), HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND));
    EXPECT(WerReportAddFile(report, units(260), WerFileTypeOther, 0), WER_E_LENGTH_EXCEEDED);

    EXPECT(WerReportSetUIOption(report, WerUICloseDlgButtonText, W("Close")), S_OK);
    EXPECT(WerReportSetUIOption(report, (WER_REPORT_UI)0, W("Close")), E_INVALIDARG);
    EXPECT(WerReportSetUIOption(report, WerUIMax, W("Close")), E_INVALIDARG);
    EXPECT(WerReportSetUIOption(report, WerUICloseText, NULL), E_INVALIDARG);
    EXPECT(WerReportSetUIOption(report, WerUICloseText, units(2049)), WER_E_LENGTH_EXCEEDED);
    EXPECT(WerReportCloseHandle(report), S_OK);
}

static void handles(PCWSTR file)
{
    HREPORT closed = NULL, other = NULL;
    HREPORT bad[5];
    size_t i;

    EXPECT(WerReportCreate(W("Event"), WerReportNonCritical, NULL, &closed), S_OK);
    EXPECT(WerReportCreate(W("Event"), WerReportNonCritical, NULL, &other), S_OK);
    EXPECT(closed != other, 1);
    EXPECT(WerReportCloseHandle(closed), S_OK);
    bad[0] = NULL;
    bad[1] = closed;
    bad[2] = made_up(-1);
    bad[3] = made_up(0x1234);
    bad[4] = &other;
    for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        EXPECT(WerReportSetParameter(bad[i], WER_P0, NULL, W("value")), E_HANDLE);
        EXPECT(WerReportAddFile(bad[i], file, WerFileTypeOther, 0), E_HANDLE);
        EXPECT(WerReportSetUIOption(bad[i], WerUICloseText, W("text")), E_HANDLE);
        EXPECT(WerReportCloseHandle(bad[i]), E_INVALIDARG);
    }
    EXPECT(WerReportSetParameter(other, WER_P0, NULL, W("value")), S_OK);
    EXPECT(WerReportCloseHandle(other), S_OK);
}

static HREPORT shared;

static void *sets(void *unused)
{
    long wrong = 0;
    int i;
    (void)unused;
    for (i = 0; i < 2000; i++) {
        HREPORT own = NULL;
        wrong += WerReportSetParameter(shared, WER_P0, NULL, W("value")) != S_OK;
        wrong += WerReportCreate(W("Event"), WerReportNonCritical, NULL, &own) != S_OK;
        wrong += WerReportCloseHandle(own) != S_OK;
    }
    return (void *)wrong;
}

static void threads(void)
{
    pthread_t thread[4];
    void *wrong;
    int i;
    EXPECT(WerReportCreate(W("Event"), WerReportNonCritical, NULL, &shared), S_OK);
    for (i = 0; i < 4; i++)
        EXPECT(pthread_create(&thread[i], NULL, sets, NULL), 0);
    for (i = 0; i < 4; i++) {
        EXPECT(pthread_join(thread[i], &wrong), 0);
        EXPECT((HRESULT)(LONG_PTR)wrong, 0);
    }
    EXPECT(WerReportCloseHandle(shared), S_OK);
}

static void many(void)
{
    static HREPORT reports[1024];
    HREPORT one_more = made_up(1);
    int i;
    for (i = 0; i < 1024; i++)
        EXPECT(WerReportCreate(W("Event"), WerReportNonCritical, NULL, &reports[i]), S_OK);
    EXPECT(WerReportCreate(W("Event"), WerReportNonCritical, NULL, &one_more), E_OUTOFMEMORY);
    EXPECT(one_more == NULL, 1);
    for (i = 0; i < 1024; i++)
        EXPECT(WerReportCloseHandle(reports[i]), S_OK);
}

int main(void)
{
    layouts();
    creation();
    contents(W("/proc/self/exe"));
    handles(W("/proc/self/exe"));
    threads();
    many();
    return failures != 0;
}
