# Writes OUTPUT: a C++ file with every migration of FOLDER as a string literal, in order.
file(GLOB files "${FOLDER}/[0-9]*.sql")
list(SORT files)
set(entries "")
foreach(file IN LISTS files)
  get_filename_component(name "${file}" NAME_WE)
  string(REGEX MATCH "^[0-9]+" number "${name}")
  math(EXPR number "1${number} - 10000")
  file(READ "${file}" text)
  string(APPEND entries "    {${number}, \"${name}\", R\"skald_sql(${text})skald_sql\"},\n")
endforeach()
file(WRITE "${OUTPUT}" "// Made of migrations/*.sql by embed_migrations.cmake.
#include \"engine/postgres/embedded_migrations.h\"

namespace skald::postgres {

const std::vector<Migration>& EmbeddedMigrations() {
  static const std::vector<Migration> migrations = {
${entries}  };
  return migrations;
}

}  // namespace skald::postgres
")
