/* Identifiers: UUIDv7 (RFC 9562), so that they sort by the time of their making: random ones cost
 * a third more to index (measured at 300,000 rows). */
#ifndef BASE_ID_H
#define BASE_ID_H

enum { MU_ID_SIZE = 37 }; /* 36 characters and NUL */

/* Write a new identifier, greater than every earlier one of this process. Any thread. */
void mu_id_new(char ret_id[MU_ID_SIZE]);

#endif
