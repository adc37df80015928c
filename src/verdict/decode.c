/* Bytes to text.
 *
 * UTF-8 is checked first, eight ASCII bytes at a time, because nearly every line is that. GB18030
 * goes through iconv, one descriptor a thread, opened at the first line that needs it. Cleaning is
 * one pass; escapes end where ECMA-48 says.
 */
#include "verdict/decode.h"

#include <iconv.h>
#include <pthread.h>
#include <stdint.h>

#include "base/utf8.h"

static const char REPLACEMENT[] = "\xef\xbf\xbd";

static pthread_key_t gb18030_key;
static pthread_once_t gb18030_once = PTHREAD_ONCE_INIT;
static bool gb18030_ready;

static void gb18030_close(void *cd)
{
    iconv_close((iconv_t)cd);
}

static void gb18030_init(void)
{
    gb18030_ready = pthread_key_create(&gb18030_key, gb18030_close) == 0;
}

/* The thread's converter, NULL where there is none. */
static iconv_t gb18030_open(void)
{
    pthread_once(&gb18030_once, gb18030_init);
    if (!gb18030_ready)
        return NULL;
    iconv_t cd = pthread_getspecific(gb18030_key);
    if (!cd) {
        cd = iconv_open("UTF-8", "GB18030");
        if (cd == (iconv_t)-1)
            return NULL;
        if (pthread_setspecific(gb18030_key, cd) != 0) {
            iconv_close(cd);
            return NULL;
        }
    }
    return cd;
}

static bool append_gb18030(const char *data, size_t len, struct mu_str *ret)
{
    iconv_t cd = gb18030_open();
    if (!cd)
        return false;
    size_t before = ret->len;
    char *in = (char *)data, out[1024];
    iconv(cd, NULL, NULL, NULL, NULL);
    while (len > 0) {
        char *to = out;
        size_t room = sizeof out;
        size_t rc = iconv(cd, &in, &len, &to, &room);
        mu_str_append(ret, out, sizeof out - room);
        if (rc == (size_t)-1 && room == sizeof out) {
            ret->len = before; /* no progress: not GB18030 */
            if (ret->data)
                ret->data[before] = '\0';
            return false;
        }
    }
    return true;
}

void decode_line(const char *data, size_t len, struct mu_str *ret)
{
    if (mu_utf8_valid(data, len)) {
        mu_str_append(ret, data, len);
        return;
    }
    if (append_gb18030(data, len, ret))
        return;
    size_t start = 0;
    for (size_t i = 0; i < len;) {
        uint32_t ch;
        size_t n = mu_utf8_decode(data + i, len - i, &ch);
        if (n == 0) {
            mu_str_append(ret, data + start, i - start);
            mu_str_append(ret, REPLACEMENT, 3);
            start = ++i;
        } else {
            i += n;
        }
    }
    mu_str_append(ret, data + start, len - start);
}

/* The end of the escape sequence whose ESC stands before `i`. */
static size_t skip_escape(const char *text, size_t i, size_t len)
{
    if (i >= len)
        return i;
    unsigned char kind = (unsigned char)text[i++];
    if (kind == '[') { /* CSI: parameters and intermediates, then a final byte */
        while (i < len && text[i] >= 0x20 && text[i] <= 0x3f)
            i++;
        return i < len && text[i] >= 0x40 && text[i] <= 0x7e ? i + 1 : i;
    }
    if (kind == ']' || kind == 'P' || kind == 'X' || kind == '^' || kind == '_') {
        /* OSC, DCS, SOS, PM, APC: up to BEL or ST. One that never ends takes only its kind, or a
         * stray ESC would hide the line. */
        for (size_t j = i; j < len; j++) {
            if (text[j] == '\a')
                return j + 1;
            if (text[j] == '\x1b' && j + 1 < len && text[j + 1] == '\\')
                return j + 2;
        }
        return i;
    }
    if (kind >= 0x20 && kind <= 0x2f) { /* character sets: intermediates, then a final byte */
        while (i < len && text[i] >= 0x20 && text[i] <= 0x2f)
            i++;
        return i < len && text[i] >= 0x30 && text[i] <= 0x7e ? i + 1 : i;
    }
    return kind >= 0x30 && kind <= 0x7e ? i : i - 1;
}

/* A control character of two bytes: U+0080 to U+009F. */
static bool is_c1(const char *text, size_t i, size_t len)
{
    return text[i] == '\xc2' && i + 1 < len && (unsigned char)text[i + 1] < 0xa0;
}

void clean_line(const char *text, size_t len, struct mu_str *ret)
{
    size_t line = ret->len;     /* where the visible line begins in `ret` */
    size_t kept = SIZE_MAX;     /* the length to go back to where only blanks follow the return */
    size_t returned = SIZE_MAX; /* where what follows the last carriage return begins */
    size_t unterminated = len;  /* no string after here ends: searched once, so this is linear */

    for (size_t i = 0; i < len && !ret->failed;) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\r') {
            returned = ret->len;
            kept = kept == SIZE_MAX ? returned : kept;
            i++;
        } else if (c == '\x1b') {
            bool string = i + 1 < len && text[i + 1] && strchr("]PX^_", text[i + 1]);
            size_t end = string && i >= unterminated ? i + 2 : skip_escape(text, i + 1, len);
            if (string && end == i + 2 && i < unterminated)
                unterminated = i;
            i = end < len ? end : len;
        } else if (is_c1(text, i, len)) {
            i += 2;
        } else if ((c < 0x20 && c != '\t') || c == 0x7f) {
            i++;
        } else {
            size_t end = i;
            bool visible = false;
            for (; end < len; end++) {
                c = (unsigned char)text[end];
                if ((c < 0x20 && c != '\t') || c == 0x7f || is_c1(text, end, len))
                    break;
                visible = visible || (c != ' ' && c != '\t');
            }
            mu_str_append(ret, text + i, end - i);
            if (visible && returned != SIZE_MAX && !ret->failed) {
                memmove(ret->data + line, ret->data + returned, ret->len - returned);
                ret->len -= returned - line;
                returned = kept = SIZE_MAX;
            }
            i = end;
        }
    }
    if (kept != SIZE_MAX)
        ret->len = kept;
    if (ret->data)
        ret->data[ret->len] = '\0';
}

size_t whole_characters(const char *text, size_t len, size_t max)
{
    if (len <= max)
        return len;
    while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80)
        max--;
    return max;
}
