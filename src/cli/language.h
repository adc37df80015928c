/* The language of the messages. */
#ifndef CLI_LANGUAGE_H
#define CLI_LANGUAGE_H

/* Set the locale and find the message catalogue beside the program. Once, before any thread.
 * `lang` (--lang) may be NULL. Sets LANGUAGE in this process's environment. */
void language_init(const char *lang);

#endif
