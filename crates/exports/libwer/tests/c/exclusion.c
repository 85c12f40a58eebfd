/* Programs that are not reported. Valid C11 and C++17, with 16- and 32-bit wchar_t. */
#include <errorrep.h>
#include <stdio.h>
#include <string.h>
#include <werapi.h>
#include <wer_winbase.h>

#include "expect.h"

/* A text of so many units. */
static PCWSTR units(int count)
{
    static WCHAR text[512];
    int i;
    for (i = 0; i < count; i++)
        text[i] = 'x';
    text[count] = 0;
    return text;
}

static void names(HRESULT (*call)(PCWSTR, BOOL))
{
    static const WCHAR unpaired[] = {'a', 0xD800, 0};
    EXPECT(call(NULL, FALSE), E_INVALIDARG);
    EXPECT(call(W(""), FALSE), E_INVALIDARG);
    EXPECT(call(W("/bin/"), FALSE), E_INVALIDARG);
    EXPECT(call(W("bin\\"), FALSE), E_INVALIDARG);
    EXPECT(call(units(260), FALSE), E_INVALIDARG);
    EXPECT(call(unpaired, FALSE), E_INVALIDARG);
}

int main(void)
{
    static char longest[300];

    names(WerAddExcludedApplication);
    names(WerRemoveExcludedApplication);
    EXPECT(WerAddExcludedApplication(units(259), FALSE), S_OK);
    EXPECT(WerRemoveExcludedApplication(units(259), FALSE), S_OK);
    EXPECT(WerAddExcludedApplication(W("/usr/bin/kept.exe"), FALSE), S_OK);
    EXPECT(WerAddExcludedApplication(W("kept.exe"), FALSE), S_OK);
    EXPECT(WerAddExcludedApplication(W("bin\\taken.exe"), FALSE), S_OK);
    EXPECT(WerRemoveExcludedApplication(W("taken.exe"), TRUE), HRESULT_FROM_WIN32(203));
    EXPECT(WerRemoveExcludedApplication(W("taken.exe"), FALSE), S_OK);
    EXPECT(WerRemoveExcludedApplication(W("taken.exe"), FALSE), HRESULT_FROM_WIN32(203));
    EXPECT(WerAddExcludedApplication(W("all.exe"), TRUE), S_OK);

    EXPECT(AddERExcludedApplicationA("legacy.exe"), TRUE);
    EXPECT(AddERExcludedApplicationW(W("wide.exe")), TRUE);
    SetLastError(0);
    EXPECT(AddERExcludedApplicationA(NULL), FALSE);
    EXPECT((HRESULT)GetLastError(), ERROR_INVALID_PARAMETER);
    memset(longest, 'x', 260);
    EXPECT(AddERExcludedApplicationA(longest), FALSE);
    EXPECT(AddERExcludedApplicationA("\xFF.exe"), FALSE);
    SetLastError(0);
    EXPECT(AddERExcludedApplicationW(W("")), FALSE);
    EXPECT((HRESULT)GetLastError(), ERROR_INVALID_PARAMETER);
    return failures != 0;
}
