"""Embed SQL: named statements as an enum and a table, migrations with their SHA-256.

embed_sql.py OUT.h OUT.c FILE.sql…   VERSION_name.up.sql is a migration (its .down.sql beside it),
any other file holds statements: `-- name: execution_insert`, and `-- fragment: columns` for text
that `{columns}` puts into them. Migrations come in the order given.
"""
import hashlib
import os
import re
import sys


def c_string(text):
    lines = text.strip().splitlines() or ['']
    quoted = (line.replace('\\', '\\\\').replace('"', '\\"') for line in lines)
    return '\n'.join('        "%s\\n"' % line for line in quoted)


def read_statements(path, fragments):
    kind, name, lines, found = None, None, [], []

    def close():
        text = '\n'.join(line for line in lines if not line.startswith('--')).strip()
        if kind == 'fragment':
            fragments[name] = text
        elif kind == 'name':
            found.append((name, re.sub(r'\{(\w+)\}', lambda m: fragments[m[1]], text)))

    with open(path, encoding='utf-8') as file:
        for line in file.read().splitlines():
            mark = re.match(r'-- (name|fragment): (\w+)$', line)
            if mark:
                close()
                kind, name, lines = mark[1], mark[2], []
            else:
                lines.append(line)
    close()
    return found


def read_migration(up):
    script = os.path.basename(up)
    with open(up, 'rb') as file:
        data = file.read()
    with open(up.replace('.up.sql', '.down.sql'), encoding='utf-8') as file:
        down = file.read()
    text = data.decode('utf-8')
    description = text.splitlines()[0].lstrip('- ').rstrip('.')
    return (script.split('_')[0], description, script, hashlib.sha256(data).hexdigest(), text, down)


def main():
    header, source, *files = sys.argv[1:]
    statements, migrations, fragments = [], [], {}
    for path in files:
        if path.endswith('.up.sql'):
            migrations.append(read_migration(path))
        else:
            statements += read_statements(path, fragments)
    with open(header, 'w', encoding='utf-8') as out:
        out.write('/* Made by tools/embed_sql.py. */\n#ifndef STORE_SQL_STATEMENTS_H\n'
                  '#define STORE_SQL_STATEMENTS_H\n\nenum sql_id {\n')
        out.writelines('    SQL_%s,\n' % name.upper() for name, _ in statements)
        out.write('};\nenum { SQL_COUNT = %d, SQL_MIGRATION_COUNT = %d };\n\n#endif\n'
                  % (len(statements), len(migrations)))
    with open(source, 'w', encoding='utf-8') as out:
        out.write('/* Made by tools/embed_sql.py. */\n#include "store/sql.h"\n\n'
                  'const struct sql_statement sql_statements[SQL_COUNT] = {\n')
        for name, text in statements:
            out.write('    [SQL_%s] = {"%s",\n%s},\n' % (name.upper(), name, c_string(text)))
        out.write('};\n\nconst struct sql_migration sql_migrations[SQL_MIGRATION_COUNT] = {\n')
        for version, description, script, checksum, up, down in migrations:
            out.write('    {"%s", "%s", "%s",\n        "%s",\n%s,\n%s},\n'
                      % (version, description.replace('"', '\\"'), script, checksum,
                         c_string(up), c_string(down)))
        out.write('};\n')


if __name__ == '__main__':
    main()
