/* Functions that muster does not use, because a safer one stands in src/base or in libc.
 * Included before every file by the build: a use is an error at compile time. */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol atof gmtime localtime system

#endif
