/* The SQL of the store, embedded by tools/embed_sql.py from src/store/sql. */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include "store/sql_statements.h" /* made by the build: enum sql_id, SQL_COUNT */

struct sql_statement {
    const char *name, *text;
};
extern const struct sql_statement sql_statements[SQL_COUNT];

struct sql_migration {
    const char *version;     /* "1.1.0" */
    const char *description; /* the first line of the script */
    const char *script_name; /* "1.1.0_run_details.up.sql" */
    const char *checksum;    /* SHA-256 of the script, hex */
    const char *up, *down;
};
/* Oldest first. */
extern const struct sql_migration sql_migrations[SQL_MIGRATION_COUNT];

#endif
