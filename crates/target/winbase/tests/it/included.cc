// The header before and after the libraries' own, with either width of wchar_t.
#include <string>
#include "wer_winbase.h"
#include <cwchar>
#include <vector>

int main()
{
    const WCHAR text[] = {'a', 'b', 0};
    WCHAR copy[4];
    WerWinWcscpy(copy, text);
    std::u16string whole(copy, copy + lstrlenW(copy));
    return whole == u"ab" && StringCchCopyW(copy, 4, text) == S_OK ? 0 : 1;
}
