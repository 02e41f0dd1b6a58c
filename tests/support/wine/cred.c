/* The Credential Manager's calls over standard input and output, for tests that run under Wine.
 * One request a line, fields apart by one blank, texts as hex of UTF-16LE, "-" = empty:
 *   E prefix | R target | W target user comment blob persist | D target
 * Answer: lines "C type target user comment blob persist seconds", then "." or "! code".
 * Wine takes values of any length; Windows does not: 2,560 bytes is the limit here as there (error 1783). */
#include <windows.h>
#include <wincred.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned char *bytes_of(const char *hex, DWORD *size) {
    size_t length = strcmp(hex, "-") ? strlen(hex) / 2 : 0;
    unsigned char *raw = calloc(length + 2, 1);
    for (size_t at = 0; at < length; at++) {
        unsigned value;
        sscanf(hex + 2 * at, "%2x", &value);
        raw[at] = (unsigned char)value;
    }
    if (size) *size = (DWORD)length;
    return raw;
}

static void say(const void *raw, size_t length) {
    if (!length) { printf(" -"); return; }
    putchar(' ');
    for (size_t at = 0; at < length; at++) printf("%02x", ((const unsigned char *)raw)[at]);
}

static void say_text(const WCHAR *text) { say(text, text ? wcslen(text) * sizeof(WCHAR) : 0); }

static void tell(const CREDENTIALW *one) {
    unsigned long long when = (unsigned long long)one->LastWritten.dwHighDateTime << 32 | one->LastWritten.dwLowDateTime;
    printf("C %lu", (unsigned long)one->Type);
    say_text(one->TargetName);
    say_text(one->UserName);
    say_text(one->Comment);
    say(one->CredentialBlob, one->CredentialBlobSize);
    printf(" %lu %llu\n", (unsigned long)one->Persist, when / 10000000ULL - 11644473600ULL);
}

static BOOL answer(char **field) {
    WCHAR *name = (WCHAR *)bytes_of(field[1], NULL);
    switch (field[0][0]) {
    case 'E': {
        DWORD count = 0;
        CREDENTIALW **found = NULL;
        if (!CredEnumerateW(*name ? name : NULL, 0, &count, &found)) return FALSE;
        for (DWORD at = 0; at < count; at++) tell(found[at]);
        CredFree(found);
        return TRUE;
    }
    case 'R': {
        CREDENTIALW *one = NULL;
        if (!CredReadW(name, CRED_TYPE_GENERIC, 0, &one)) return FALSE;
        tell(one);
        CredFree(one);
        return TRUE;
    }
    case 'W': {
        CREDENTIALW one = {0};
        one.Type = CRED_TYPE_GENERIC;
        one.TargetName = name;
        one.UserName = (WCHAR *)bytes_of(field[2], NULL);
        one.Comment = (WCHAR *)bytes_of(field[3], NULL);
        one.CredentialBlob = bytes_of(field[4], &one.CredentialBlobSize);
        one.Persist = strtoul(field[5], NULL, 10);
        if (one.CredentialBlobSize > 5 * 512) { SetLastError(RPC_X_BAD_STUB_DATA); return FALSE; }
        return CredWriteW(&one, 0);
    }
    default:
        return CredDeleteW(name, CRED_TYPE_GENERIC, 0);
    }
}

int main(void) {
    static char line[1 << 20];
    while (fgets(line, sizeof line, stdin)) {
        char *field[6] = {"", "-", "-", "-", "-", "2"};
        int count = 0;
        for (char *each = strtok(line, " \r\n"); each && count < 6; each = strtok(NULL, " \r\n")) field[count++] = each;
        if (!count) continue;
        if (answer(field)) printf(".\n");
        else printf("! %lu\n", (unsigned long)GetLastError());
        fflush(stdout);
    }
    return 0;
}
