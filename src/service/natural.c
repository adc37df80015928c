/* Natural order: two paths are compared folder by folder, and within a name runs of digits by their
 * value, so that TS_2 comes before TS_10. Names that differ only in leading zeros ("a01", "a1") are
 * told apart by their text, so that the order is total. */
#include "service/discover.h"

#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* One component each, of the given lengths. */
static int compare_names(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t i = 0, j = 0;
    while (i < a_len && j < b_len) {
        if (is_digit(a[i]) && is_digit(b[j])) {
            while (i < a_len && a[i] == '0')
                i++;
            while (j < b_len && b[j] == '0')
                j++;
            size_t a_start = i, b_start = j;
            while (i < a_len && is_digit(a[i]))
                i++;
            while (j < b_len && is_digit(b[j]))
                j++;
            if (i - a_start != j - b_start)
                return i - a_start < j - b_start ? -1 : 1;
            int order = memcmp(a + a_start, b + b_start, i - a_start);
            if (order != 0)
                return order;
        } else {
            if (a[i] != b[j])
                return (unsigned char)a[i] < (unsigned char)b[j] ? -1 : 1;
            i++;
            j++;
        }
    }
    if (i < a_len || j < b_len)
        return i < a_len ? 1 : -1;
    size_t shorter = a_len < b_len ? a_len : b_len;
    int order = memcmp(a, b, shorter);
    return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

int natural_compare(const char *a, const char *b)
{
    for (;;) {
        size_t a_len = strcspn(a, "/"), b_len = strcspn(b, "/");
        int order = compare_names(a, a_len, b, b_len);
        if (order != 0)
            return order;
        a += a_len;
        b += b_len;
        if (*a == '\0' || *b == '\0')
            return (*a != '\0') - (*b != '\0');
        a++;
        b++;
    }
}
